// Integer operations of one cycle: funct3 selects as in RV32I, `alternative` is subtraction or the arithmetic right shift. One adder
// sums, subtracts and compares; `sum` and `less` are also what addresses and branches take.
`default_nettype none
module alu (
    input  wire [31:0] a, b,
    input  wire [2:0]  funct3,
    input  wire        alternative,
    input  wire        subtract, unsigned_less,
    output wire [31:0] sum,   // the difference with `subtract`
    output wire        less,  // with `subtract`
    output reg  [31:0] result
);
    wire [32:0] added = {1'b0, a} + {1'b0, b ^ {32{subtract}}} + {32'b0, subtract};
    assign sum = added[31:0];
    assign less = a[31] == b[31] || unsigned_less ? !added[32] : a[31];

    wire signed [32:0] left = {alternative && a[31], a};
    wire [31:0] reversed_a, reversed_right;
    wire [31:0] shift_in = funct3 == 1 ? reversed_a : a;
    wire signed [32:0] shift_operand = {left[32] && funct3 != 1, shift_in};
    wire signed [32:0] right = shift_operand >>> b[4:0];
    genvar i;
    // One shifter for both directions: a left shift is a right shift of the word read backwards.
    generate for (i = 0; i < 32; i = i + 1) begin : reverse
        assign reversed_a[i] = a[31 - i];
        assign reversed_right[i] = right[31 - i];
    end endgenerate
    always @* case (funct3)
        3'd0: result = sum;
        3'd1: result = reversed_right;
        3'd2, 3'd3: result = {31'b0, less};
        3'd4: result = a ^ b;
        3'd5: result = right[31:0];
        3'd6: result = a | b;
        default: result = a & b;
    endcase
endmodule
