// mul, mulh, mulhsu, mulhu in two cycles: four unsigned products of halves in the first, their sum in the second, where what
// the sign of an operand subtracts is taken off the high word. A new product may start every cycle.
`default_nettype none
module multiplier (
    input  wire        clk,
    input  wire [31:0] a, b,
    input  wire [1:0]  funct,  // 0 mul, 1 mulh, 2 mulhsu, 3 mulhu
    output wire [31:0] result,  // one cycle later
    output wire [63:0] both     // the whole product, then
);
    reg [31:0] low, middle1, middle2, high, negative;
    reg        take_high;
    always @(posedge clk) begin
        low     <= a[15:0]  * b[15:0];
        middle1 <= a[31:16] * b[15:0];
        middle2 <= a[15:0]  * b[31:16];
        high    <= a[31:16] * b[31:16];
        negative <= ((funct == 1 || funct == 2) && a[31] ? b : 0) + (funct == 1 && b[31] ? a : 0);
        take_high <= funct != 0;
    end
    wire [32:0] middle = middle1 + middle2;
    wire [63:0] product = {high, low} + {15'b0, middle, 16'b0};
    assign both = {product[63:32] - negative, product[31:0]};
    assign result = take_high ? both[63:32] : both[31:0];
endmodule
