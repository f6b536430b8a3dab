// RV32IM in four stages over one memory port: D (the fetched word is decoded, registers are read), X (the ALU works, branches are
// decided, addresses go out), W (products and loads arrive, the result is written). Before D the port fetches.
//
//   one cycle       everything not listed
//   two cycles      loads and stores: the port has no time to fetch in the first; taken branches, jal, jalr, mret, fence.i: what was
//                   fetched behind them is dropped
//   34 cycles       divisions
//   one more        a product (mul*, dot, quant) whose result the next instruction reads; a dot that adds to the sum before it does not wait,
//                   nor does a quant that puts a code on top of the one before it
//   3 cycles        entering a trap
//
// These are exactly the numbers of src/core/sim/boards/rtlCore.ts; `npm run rtl:lockstep` compares. There are no interrupts.
`default_nettype none
module core #(parameter XBB = 1, parameter RAM_BYTES = 1 << 20, parameter CLOCK_HZ = 12000000,
        parameter TIMER = 1, parameter BOOT_BYTES = 0) (
    input  wire        clk, reset,
    // The port: a word requested in one cycle is on port_result in the next.
    output wire        port_enable,
    output wire [31:0] port_address,
    output wire [3:0]  port_write,   // bytes to write; 0 reads
    output wire [31:0] port_data,
    output wire        port_is_data, // not a fetch
    output wire        port_is_store,
    input  wire [31:0] port_result,
    output wire [31:0] data_address, // of an access, also while the port fetches
    input  wire        data_fault,   // no memory at this address
    input  wire        timer_pending, software_pending,
    input  wire [63:0] mtime
);
    // ---- D: the word that was fetched
    reg         d_valid, d_kept;
    reg  [31:0] d_pc, d_kept_word, fetch_pc;
    wire [31:0] d_word = d_kept ? d_kept_word : port_result;
    wire [31:0] d_immediate;
    // Both sizes are powers of two.
    wire d_in_ram = d_pc[31:28] == 4'h8 && d_pc[27:$clog2(RAM_BYTES)] == 0;
    wire d_in_boot = BOOT_BYTES != 0 && d_pc[31:$clog2(BOOT_BYTES)] == 0;
    wire d_fault = !d_in_ram && !d_in_boot;
    wire d_lui, d_auipc, d_jal, d_jalr, d_branch, d_load, d_store, d_alu, d_alu_imm, d_multiply, d_divide, d_dot, d_pack, d_quant, d_max,
        d_fence, d_fencei, d_csr, d_ecall, d_ebreak, d_mret, d_wfi, d_illegal;
    decode #(.XBB(XBB)) decoder(.word(d_word), .immediate(d_immediate), .is_lui(d_lui), .is_auipc(d_auipc), .is_jal(d_jal),
        .is_jalr(d_jalr), .is_branch(d_branch), .is_load(d_load), .is_store(d_store), .is_alu(d_alu), .is_alu_imm(d_alu_imm),
        .is_multiply(d_multiply), .is_divide(d_divide), .is_dot(d_dot), .is_pack(d_pack), .is_quant(d_quant), .is_max(d_max), .is_fence(d_fence),
        .is_fencei(d_fencei), .is_csr(d_csr), .is_ecall(d_ecall), .is_ebreak(d_ebreak), .is_mret(d_mret), .is_wfi(d_wfi),
        .illegal(d_illegal));
    wire d_unit = d_dot || d_pack || d_quant || d_max;
    wire d_two = d_branch || d_store || (d_alu && !d_alu_imm) || d_multiply || d_divide || d_unit;
    wire d_one = d_two || d_jalr || d_load || d_alu_imm || (d_csr && !d_word[14]);
    wire d_takes_immediate = d_alu_imm || d_load || d_store || d_jalr;
    wire d_subtract = d_branch || (d_alu && (d_word[14:13] == 1 || (d_word[14:12] == 0 && d_word[30] && !d_alu_imm)));
    wire d_writes = d_lui || d_auipc || d_jal || d_jalr || d_load || d_alu || d_multiply || d_divide || d_unit || d_csr;

    // ---- X: decoded, with operands
    reg         x_valid, x_fault, x_first;
    reg  [31:0] x_pc, x_word, x_immediate;
    reg x_auipc, x_jal, x_jalr, x_branch, x_load, x_store, x_takes_immediate, x_subtract, x_multiply, x_divide, x_dot, x_pack, x_quant, x_max,
        x_fencei, x_csr, x_ecall, x_ebreak, x_mret, x_wfi, x_illegal, x_writes;
    wire [4:0] x_rd = x_word[11:7], x_rs1 = x_word[19:15], x_rs2 = x_word[24:20];
    wire [2:0] x_f3 = x_word[14:12];

    // ---- W: what ends; and what ended one cycle earlier
    reg         w_write, w_load, w_multiply, w_dot, w_quant, l_write;
    reg  [4:0]  w_rd, l_rd;
    reg  [31:0] w_value, w_accumulator, l_value;
    reg  [2:0]  w_f3;
    reg  [1:0]  w_offset;
    wire [31:0] multiplied;
    wire signed [19:0] dot_sum;
    wire [7:0]  quant_code;
    wire [15:0] loaded_half = w_offset[1] ? port_result[31:16] : port_result[15:0];
    wire [7:0]  loaded_byte = w_offset[0] ? loaded_half[15:8] : loaded_half[7:0];
    wire loaded_sign = !w_f3[2] && (w_f3[0] ? loaded_half[15] : loaded_byte[7]);
    wire [31:0] loaded = {w_f3[1] ? port_result[31:16] : {16{loaded_sign}},
        w_f3[1:0] != 0 ? loaded_half[15:8] : {8{loaded_sign}}, loaded_byte};
    // What dot and quant read of rd: the instruction before has ended when this one's product does.
    wire [31:0] accumulator = l_write && l_rd == w_rd ? l_value : w_accumulator;
    wire [31:0] w_result = w_load ? loaded : w_multiply ? multiplied :
        w_dot ? accumulator + {{12{dot_sum[19]}}, dot_sum} : w_quant ? {quant_code, accumulator[31:8]} : w_value;

    wire d_advance;
    wire [31:0] q1, q2, q3;
    registers registers(.clk(clk), .read(d_advance), .a1(d_word[19:15]), .a2(d_word[24:20]), .a3(d_word[11:7]),
        .q1(q1), .q2(q2), .q3(q3), .write(w_write), .wa(w_rd), .wd(w_result));

    // Which was written too late for the registers is known one cycle earlier; only a division stays in X, and it takes its operands in
    // the first cycle.
    reg take_w1, take_w2, take_l1, take_l2, take_l3;
    wire [31:0] operand1 = take_w1 ? w_value : take_l1 ? l_value : q1;
    wire [31:0] operand2 = take_w2 ? w_value : take_l2 ? l_value : q2;
    wire [31:0] operand3 = take_l3 ? l_value : q3;

    wire [31:0] alu_result, alu_sum;
    wire less;
    alu alu(.a(operand1), .b(x_takes_immediate ? x_immediate : operand2), .funct3(x_f3), .alternative(x_word[30]),
        .subtract(x_subtract), .unsigned_less(x_branch ? x_f3[1] : x_f3[0]), .sum(alu_sum), .less(less), .result(alu_result));
    // A quant's funct3 ends as mulh's does: signed by a multiplier that is positive.
    wire [63:0] product;
    multiplier multiplier(.clk(clk), .a(operand1), .b(x_quant ? {11'b0, operand2[20:0]} : operand2), .funct(x_f3[1:0]),
        .result(multiplied), .both(product));
    wire divide_done;
    wire [31:0] divided;
    divider divider(.clk(clk), .reset(reset), .start(x_valid && x_divide && x_first), .a(operand1), .b(operand2),
        .funct(x_f3[1:0]), .done(divide_done), .result(divided));
    wire [31:0] packed_codes, greater_bytes;
    generate if (XBB != 0) begin : unit
        dot_unit dot_unit(.clk(clk), .a(operand1), .b(operand2), .size1(x_word[28:27]), .size2(x_word[26:25]),
            .unsigned1(x_word[12]), .unsigned2(x_word[13]), .part(x_word[31:29]), .sum(dot_sum));
        pack pack(.bytes(operand1), .earlier(operand2), .size(x_word[26:25]), .result(packed_codes));
        quant quant(.clk(clk), .format(operand2[30:21]), .product(product[52:0]), .code(quant_code));
        byte_max byte_max(.a(operand1), .b(operand2), .result(greater_bytes));
    end else begin : no_unit
        assign dot_sum = 0;
        assign packed_codes = 0;
        assign quant_code = 0;
        assign greater_bytes = 0;
    end endgenerate

    // ---- memory accesses
    wire [31:0] address = alu_sum;
    wire x_access = x_valid && (x_load || x_store);
    wire misaligned = (x_f3[1:0] == 1 && address[0]) || (x_f3[1:0] == 2 && address[1:0] != 0);
    wire [3:0] bytes = (x_f3[1:0] == 0 ? 4'b0001 : x_f3[1:0] == 1 ? 4'b0011 : 4'b1111) << address[1:0];

    // ---- control and status registers
    wire [31:0] csr_value, mtvec, mepc;
    wire csr_exists;
    wire csr_writes = x_f3[1:0] == 1 || x_rs1 != 0;
    wire csr_illegal = x_csr && (!csr_exists || (csr_writes && x_word[31:30] == 3));
    wire [31:0] csr_operand = x_f3[2] ? {27'b0, x_rs1} : operand1;
    wire [31:0] csr_next = x_f3[1:0] == 1 ? csr_operand : x_f3[1:0] == 2 ? csr_value | csr_operand : csr_value & ~csr_operand;

    // ---- branches
    wire equal = operand1 == operand2;
    wire taken = x_branch && ((x_f3[2] ? less : equal) != x_f3[0]);

    // ---- traps: found in X, entered in the cycle after
    reg trapping;
    wire faulty_access = x_access && (misaligned || data_fault);
    // To what is no multiple of four: pc is one, so the offset of a branch or jal says it.
    wire faulty_jump = x_jalr ? address[1] : (taken || x_jal) && x_immediate[1];
    wire exception = x_valid && (x_fault || x_illegal || csr_illegal || x_ecall || x_ebreak || faulty_access || faulty_jump);
    wire [31:0] cause = x_fault ? 1 : x_illegal || csr_illegal ? 2 : x_ebreak ? 3 : x_ecall ? 11 :
        x_load ? (misaligned ? 4 : 5) : x_store ? (misaligned ? 6 : 7) : 0;
    wire [31:0] trap_value = x_fault || x_ebreak ? x_pc : x_illegal || csr_illegal ? x_word : x_load || x_store ? address : 0;

    // ---- where to go on
    wire redirect = x_valid && (taken || x_jal || x_jalr || x_mret || x_fencei || x_wfi);
    wire [31:0] pc_sum = x_pc + x_immediate;
    wire [31:0] next_pc = d_pc;  // what comes behind an instruction was fetched when it came to X
    wire [31:0] target = x_mret ? mepc : x_jalr ? {alu_sum[31:1], 1'b0} : x_fencei || x_wfi ? next_pc : pc_sum;

    wire x_ends = x_valid && !exception && (!x_divide || divide_done);
    wire hazard = x_valid && (x_multiply || x_dot || x_quant) && x_rd != 0 &&
        ((d_one && d_word[19:15] == x_rd) || (d_two && d_word[24:20] == x_rd));
    assign d_advance = d_valid && (!x_valid || x_ends) && !redirect && !x_access && !hazard && !exception;

    csr #(.CLOCK_HZ(CLOCK_HZ), .TIMER(TIMER)) csr(.clk(clk), .reset(reset), .number(x_word[31:20]), .value(csr_value),
        .exists(csr_exists), .write(x_valid && x_csr && !exception && csr_writes), .write_value(csr_next), .retire(x_ends),
        .trap(exception), .trap_pc(x_pc), .trap_cause(cause), .trap_value(trap_value), .mret(x_valid && x_mret && !exception),
        .timer_pending(timer_pending), .software_pending(software_pending), .mtime(mtime), .mtvec(mtvec), .mepc(mepc));

    // ---- the port
    wire fetch = !reset && !x_access && !exception && (redirect || trapping || !d_valid || d_advance);
    wire [31:0] fetch_address = trapping ? mtvec : redirect ? target : fetch_pc;
    assign data_address = address;
    assign port_enable = x_access || fetch;
    assign port_is_data = x_access;
    assign port_is_store = x_access && x_store;
    assign port_address = x_access ? address : fetch_address;
    assign port_write = x_access && x_store && !misaligned ? bytes : 0;
    // A byte or half on every lane: port_write chooses.
    assign port_data = {x_f3[1] ? operand2[31:16] : {x_f3[0] ? operand2[15:8] : operand2[7:0], operand2[7:0]},
        x_f3[1:0] != 0 ? operand2[15:8] : operand2[7:0], operand2[7:0]};

    wire [31:0] x_value = x_auipc ? pc_sum : x_jal || x_jalr ? next_pc :
        x_csr ? csr_value : x_divide ? divided : x_pack ? packed_codes : x_max ? greater_bytes : alu_result;

    always @(posedge clk) begin
        trapping <= exception;
        if (fetch) begin
            fetch_pc <= {fetch_address[31:2], 2'b0} + 4;
            d_pc <= fetch_address;
            d_valid <= 1;
            d_kept <= 0;
        end else begin
            if (d_advance || redirect || exception) d_valid <= 0;
            d_kept <= 1;
            d_kept_word <= d_word;
        end

        if (d_advance) begin
            x_valid <= 1;
            x_fault <= d_fault;
            x_pc <= d_lui && !d_fault ? 0 : d_pc;  // lui is auipc at zero
            x_word <= d_word;
            take_w1 <= x_valid && x_writes && x_rd == d_word[19:15];
            take_w2 <= x_valid && x_writes && x_rd == d_word[24:20];
            take_l1 <= w_write && w_rd == d_word[19:15];
            take_l2 <= w_write && w_rd == d_word[24:20];
            take_l3 <= w_write && w_rd == d_word[11:7];
            x_immediate <= d_immediate;
            {x_auipc, x_jal, x_jalr, x_branch, x_load, x_store} <=
                d_fault ? 6'b0 : {d_lui || d_auipc, d_jal, d_jalr, d_branch, d_load, d_store};
            {x_takes_immediate, x_subtract, x_multiply, x_divide, x_dot, x_pack, x_quant, x_max} <=
                d_fault ? 8'b0 : {d_takes_immediate, d_subtract, d_multiply, d_divide, d_dot, d_pack, d_quant, d_max};
            {x_fencei, x_csr, x_ecall, x_ebreak, x_mret, x_wfi, x_illegal, x_writes} <=
                d_fault ? 8'b0 : {d_fencei, d_csr, d_ecall, d_ebreak, d_mret, d_wfi, d_illegal, d_writes && d_word[11:7] != 0};
        end else if (x_ends || exception) x_valid <= 0;
        x_first <= d_advance;

        w_write <= x_ends && x_writes;
        w_rd <= x_rd;
        w_value <= x_value;
        w_accumulator <= operand3;
        w_load <= x_load;
        w_multiply <= x_multiply;
        w_dot <= x_dot;
        w_quant <= x_quant;
        w_f3 <= x_f3;
        w_offset <= address[1:0];

        l_write <= w_write;
        l_rd <= w_rd;
        l_value <= w_result;

        if (reset) begin
            {d_valid, d_kept, x_valid, trapping, w_write, l_write} <= 0;
            fetch_pc <= BOOT_BYTES != 0 ? 0 : 32'h80000000;
        end
    end
endmodule
