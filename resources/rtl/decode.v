// What an instruction word asks for: RV32IM, Zicsr, Zifencei, machine mode and, with XBB, packed dot products (docs/isa.md).
// Purely combinational; used in the stage that executes.
`default_nettype none
module decode #(parameter XBB = 1) (
    input  wire [31:0] word,
    output wire [31:0] immediate,
    output wire is_lui, is_auipc, is_jal, is_jalr, is_branch, is_load, is_store,
    output wire is_alu,      // register or immediate operation, shifts included
    output wire is_alu_imm,  // its second operand is the immediate
    output wire is_multiply, is_divide, is_dot, is_pack, is_quant, is_max,
    output wire is_fence, is_fencei, is_csr, is_ecall, is_ebreak, is_mret, is_wfi,
    output wire illegal
);
    wire [6:0] opcode = word[6:0];
    wire [2:0] f3 = word[14:12];
    wire [6:0] f7 = word[31:25];

    assign is_lui    = opcode == 7'b0110111;
    assign is_auipc  = opcode == 7'b0010111;
    assign is_jal    = opcode == 7'b1101111;
    assign is_jalr   = opcode == 7'b1100111 && f3 == 0;
    assign is_branch = opcode == 7'b1100011 && f3[2:1] != 2'b01;
    assign is_load   = opcode == 7'b0000011 && f3 != 3 && f3 < 6;
    assign is_store  = opcode == 7'b0100011 && f3 < 3;
    assign is_alu_imm = opcode == 7'b0010011 &&
        (f3 == 1 ? f7 == 0 : f3 == 5 ? (f7 == 0 || f7 == 7'h20) : 1'b1);
    wire alu_register = opcode == 7'b0110011 && (f7 == 0 || (f7 == 7'h20 && (f3 == 0 || f3 == 5)));
    assign is_alu = is_alu_imm || alu_register;
    wire muldiv = opcode == 7'b0110011 && f7 == 1;
    assign is_multiply = muldiv && !f3[2];
    assign is_divide   = muldiv && f3[2];
    assign is_fence  = opcode == 7'b0001111 && f3 == 0;
    assign is_fencei = opcode == 7'b0001111 && f3 == 1;
    assign is_csr    = opcode == 7'b1110011 && f3[1:0] != 0;
    assign is_ecall  = word == 32'h00000073;
    assign is_ebreak = word == 32'h00100073;
    assign is_mret   = word == 32'h30200073;
    assign is_wfi    = word == 32'h10500073;

    // The part of a dot product must exist: below wide / narrow, which is a power of two.
    wire custom = XBB != 0 && opcode == 7'b0001011;
    wire [1:0] size1 = word[28:27], size2 = word[26:25];
    wire [1:0] distance = size1 > size2 ? size1 - size2 : size2 - size1;
    wire [2:0] last_part = {distance == 3, distance[1], distance != 0};
    assign is_dot  = custom && !f3[2] && word[31:29] <= last_part;
    assign is_pack = custom && f3 == 4 && f7 < 3;
    assign is_quant = custom && f3 == 5 && f7 == 0;
    assign is_max = custom && f3 == 6 && f7 == 0;

    assign illegal = !(is_lui || is_auipc || is_jal || is_jalr || is_branch || is_load || is_store || is_alu ||
        is_multiply || is_divide || is_dot || is_pack || is_quant || is_max || is_fence || is_fencei || is_csr || is_ecall || is_ebreak ||
        is_mret || is_wfi);

    wire [31:0] imm_i = {{20{word[31]}}, word[31:20]};
    wire [31:0] imm_s = {{20{word[31]}}, word[31:25], word[11:7]};
    wire [31:0] imm_b = {{20{word[31]}}, word[7], word[30:25], word[11:8], 1'b0};
    wire [31:0] imm_j = {{12{word[31]}}, word[19:12], word[20], word[30:21], 1'b0};
    wire [31:0] imm_u = {word[31:12], 12'b0};
    assign immediate = (is_lui || is_auipc) ? imm_u : opcode == 7'b1101111 ? imm_j :
        opcode == 7'b1100011 ? imm_b : opcode == 7'b0100011 ? imm_s : imm_i;
endmodule
