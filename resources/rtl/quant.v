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

    // Down by one bit less than the shift, which is 1 to 64 (as 0). Each step keeps what can still reach the lowest 11 bits, of the product
    // with its sign folded in, so that all above is zero where it only repeats the sign; `beyond` is where it is not.
    wire [5:0]  distance = now[5:0] - 6'd1;
    wire        negative = product[52];
    wire [52:0] folded = product ^ {53{negative}};
    wire [41:0] by32 = distance[5] ? {21'b0, folded[52:32]} : folded[41:0];
    wire [25:0] by16 = distance[4] ? {by32[41:16]} : by32[25:0];
    wire [17:0] by8  = distance[3] ? by16[25:8] : by16[17:0];
    wire [13:0] by4  = distance[2] ? by8[17:4] : by8[13:0];
    wire [11:0] by2  = distance[1] ? by4[13:2] : by4[11:0];
    wire [10:0] by1  = distance[0] ? by2[11:1] : by2[10:0];
    wire beyond = (!distance[5] && folded[52:42] != 0) || (!distance[4] && by32[41:26] != 0) || (!distance[3] && by16[25:18] != 0) ||
        (!distance[2] && by8[17:14] != 0) || (!distance[1] && by4[13:12] != 0) || (!distance[0] && by2[11]);

    // Half up. Beyond 2048 every code is at its limit.
    wire signed [12:0] near = {{2{negative}}, (by1 | {11{beyond}}) ^ {11{negative}}};
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
