// Integer operations of one cycle: funct3 selects as in RV32I, `alternative` is subtraction or the arithmetic right shift.
`default_nettype none
module alu (
    input  wire [31:0] a, b,
    input  wire [2:0]  funct3,
    input  wire        alternative,
    output reg  [31:0] result
);
    wire signed [32:0] left = {funct3 == 5 && alternative && a[31], a};
    wire [31:0] reversed_a, reversed_right;
    wire [31:0] shift_in = funct3 == 1 ? reversed_a : a;
    wire signed [32:0] shift_operand = {left[32], shift_in};
    wire signed [32:0] right = shift_operand >>> b[4:0];
    genvar i;
    // One shifter for both directions: a left shift is a right shift of the word read backwards.
    generate for (i = 0; i < 32; i = i + 1) begin : reverse
        assign reversed_a[i] = a[31 - i];
        assign reversed_right[i] = right[31 - i];
    end endgenerate
    always @* case (funct3)
        3'd0: result = alternative ? a - b : a + b;
        3'd1: result = reversed_right;
        3'd2: result = {31'b0, $signed(a) < $signed(b)};
        3'd3: result = {31'b0, a < b};
        3'd4: result = a ^ b;
        3'd5: result = right[31:0];
        3'd6: result = a | b;
        default: result = a & b;
    endcase
endmodule
