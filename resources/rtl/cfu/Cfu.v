// The unit for packed dot products on the function unit bus of VexRiscv, with the names that LiteX connects (docs/rtl.md).
//
// The function bits are those of docs/isa.md, funct7 above funct3. The bus carries two operands and not rd, so a dot product gives
// the sum of the products alone and the program adds it, and a quant gives its code on top of zeros; `pack` and `max` are as on the
// core of this folder. Answers come a cycle after their
// command, one a cycle, and wait while the processor does not take them. No state is left between instructions.
`default_nettype none
module Cfu (
    input  wire        clk, reset,
    input  wire        cmd_valid,
    output wire        cmd_ready,
    input  wire [9:0]  cmd_payload_function_id,
    input  wire [31:0] cmd_payload_inputs_0, cmd_payload_inputs_1,
    output wire        rsp_valid,
    input  wire        rsp_ready,
    output wire [31:0] rsp_payload_outputs_0
);
    wire [9:0] bits = cmd_payload_function_id;
    wire signed [19:0] sum;
    wire [31:0] packed_now, greater_now;
    wire [63:0] product;
    wire [7:0] code;
    dot_unit dot_unit(.clk(clk), .a(cmd_payload_inputs_0), .b(cmd_payload_inputs_1), .size1(bits[6:5]), .size2(bits[4:3]),
        .unsigned1(bits[0]), .unsigned2(bits[1]), .part(bits[9:7]), .sum(sum));
    pack pack(.bytes(cmd_payload_inputs_0), .earlier(cmd_payload_inputs_1), .size(bits[4:3]), .result(packed_now));
    byte_max byte_max(.a(cmd_payload_inputs_0), .b(cmd_payload_inputs_1), .result(greater_now));
    multiplier multiplier(.clk(clk), .a(cmd_payload_inputs_0), .b({11'b0, cmd_payload_inputs_1[20:0]}), .funct(2'd1), .result(),
        .both(product));
    quant quant(.clk(clk), .format(cmd_payload_inputs_1[30:21]), .product(product[52:0]), .code(code));

    reg pending, is_word, is_quant, waited;
    reg [31:0] word, kept;
    assign cmd_ready = !pending || rsp_ready;
    assign rsp_valid = pending;
    // The unit's register holds a sum for one cycle.
    assign rsp_payload_outputs_0 = waited ? kept : is_word ? word : is_quant ? {code, 24'b0} : {{12{sum[19]}}, sum};

    always @(posedge clk) begin
        word <= bits[1] ? greater_now : packed_now;
        kept <= rsp_payload_outputs_0;
        waited <= pending && !rsp_ready;
        if (cmd_ready) begin
            pending <= cmd_valid;
            is_word <= bits[2] && !bits[0];
            is_quant <= bits[2] && bits[0];
        end
        if (reset) begin
            pending <= 0;
            waited <= 0;
        end
    end
endmodule
