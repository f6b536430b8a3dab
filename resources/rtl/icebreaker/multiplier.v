// multiplier.v on four multipliers of an iCE40, wired by hand: their adders sum the products. Yosys 0.23 loses one of the four where it
// finds them itself (`npm run rtl:lockstep -- --netlist` shows it).
`default_nettype none
module multiplier (
    input  wire        clk,
    input  wire [31:0] a, b,
    input  wire [1:0]  funct,  // 0 mul, 1 mulh, 2 mulhsu, 3 mulhu
    output wire [31:0] result,  // one cycle later
    output wire [63:0] both     // the whole product, then
);
    wire [31:0] low, middle1, middle2, high;
    wire middle_carry;
    wire [16:0] third = {1'b0, low[31:16]} + {1'b0, middle2[15:0]};
    hard_product #(.SIGNED(0), .LATE(1)) low_product(.clk(clk), .a(a[15:0]), .b(b[15:0]), .add(32'b0), .carry_in(1'b0), .sum(low), .carry());
    hard_product #(.SIGNED(0), .LATE(1)) middle_product1(.clk(clk), .a(a[31:16]), .b(b[15:0]), .add(32'b0), .carry_in(1'b0), .sum(middle1), .carry());
    hard_product #(.SIGNED(0), .LATE(1)) middle_product2(.clk(clk), .a(a[15:0]), .b(b[31:16]), .add(middle1), .carry_in(1'b0), .sum(middle2),
        .carry(middle_carry));
    hard_product #(.SIGNED(0), .LATE(1)) high_product(.clk(clk), .a(a[31:16]), .b(b[31:16]), .add({15'b0, middle_carry, middle2[31:16]}),
        .carry_in(third[16]), .sum(high), .carry());

    // What the sign of an operand subtracts.
    reg [31:0] negative;
    reg        take_high;
    always @(posedge clk) begin
        negative <= ((funct == 1 || funct == 2) && a[31] ? b : 0) + (funct == 1 && b[31] ? a : 0);
        take_high <= funct != 0;
    end
    assign both = {high - negative, third[15:0], low[15:0]};
    assign result = take_high ? both[63:32] : both[31:0];
endmodule
