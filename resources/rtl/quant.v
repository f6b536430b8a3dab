// A sum times a multiplier becomes a code of 1 to 8 bits (docs/isa.md "quant"). Two cycles: the core's multiplier works in the first,
// and in the second its product is shifted, rounded and limited here. A new one may start every cycle.
`default_nettype none
module quant (
    input  wire               clk,
    input  wire [9:0]         format,   // rs2[30:21]: relu, unsigned, width, shift
    input  wire signed [52:0] product,  // rs1 times rs2[20:0], one cycle later
    output wire [7:0]         code      // one cycle later
);
    reg [9:0] now;
    always @(posedge clk) now <= format;
    wire is_relu = now[9], is_unsigned = now[8];
    wire [1:0] size = now[7:6];  // 0, 1, 2, 3: codes of 1, 2, 4, 8 bits

    // Down by one bit less than the shift, which is 1 to 64 (as 0), then half up. Beyond 2048 every code is at its limit.
    wire [5:0] distance = now[5:0] - 6'd1;
    wire signed [52:0] halves = product >>> distance;
    wire fits = halves[52:11] == {42{halves[52]}};
    wire signed [12:0] near = {halves[52], halves[52], fits ? halves[10:0] : {11{!halves[52]}}};
    wire signed [12:0] up = near + 13'sd1;
    wire signed [12:0] rounded = up >>> 1;

    wire signed [12:0] middle = size == 3 ? 13'sd128 : size == 2 ? 13'sd8 : 13'sd2;
    wire signed [12:0] low = is_unsigned || is_relu ? 13'sd0 : -middle;
    wire signed [12:0] high = (is_unsigned ? middle <<< 1 : middle) - 13'sd1;
    wire signed [12:0] limited = rounded < low ? low : rounded > high ? high : rounded;
    wire signed [12:0] wide = limited - (is_unsigned ? middle : 13'sd0);
    wire above = rounded > (is_unsigned ? 13'sd256 : 13'sd0);
    assign code = size == 0 ? (above ? 8'h01 : 8'hff) : wide[7:0];
endmodule
