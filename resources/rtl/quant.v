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

    // Down by one bit less than the shift, which is 1 to 64 (as 0). Each step keeps what can still reach the lowest 10 bits, of the product
    // with its sign folded in, so that all above is zero where it only repeats the sign; `beyond` is where it is not.
    wire [5:0]  distance = now[5:0] - 6'd1;
    wire        negative = product[52];
    wire [52:0] folded = product ^ {53{negative}};
    wire [40:0] by32 = distance[5] ? {20'b0, folded[52:32]} : folded[40:0];
    wire [24:0] by16 = distance[4] ? by32[40:16] : by32[24:0];
    wire [16:0] by8  = distance[3] ? by16[24:8] : by16[16:0];
    wire [12:0] by4  = distance[2] ? by8[16:4] : by8[12:0];
    wire [10:0] by2  = distance[1] ? by4[12:2] : by4[10:0];
    wire [9:0]  by1  = distance[0] ? by2[10:1] : by2[9:0];
    wire beyond = (!distance[5] && folded[52:41] != 0) || (!distance[4] && by32[40:25] != 0) || (!distance[3] && by16[24:17] != 0) ||
        (!distance[2] && by8[16:13] != 0) || (!distance[1] && by4[12:11] != 0) || (!distance[0] && by2[10]);

    // Half up. Beside it, where the code is at its limit: it is far off where the shifted product has a bit above those of a code and its
    // half, and else rounding may carry one past them.
    wire [8:0] rounded = {negative, by1[8:1] ^ {8{negative}}} + {8'b0, by1[0] ^ negative};
    wire is8 = size == 3, is4 = size == 2;
    wire far = beyond || by1[9] || (by1[8] && !(is8 && is_unsigned)) || (!is8 && (by1[7:5] != 0 || (by1[4] && !(is4 && is_unsigned)))) ||
        (!is8 && !is4 && (by1[3] || (by1[2] && !is_unsigned)));
    wire top = is8 ? rounded[7] : is4 ? rounded[3] : rounded[1];
    wire carried = !is_unsigned ? top : is8 ? rounded[8] : is4 ? rounded[4] : rounded[2];
    wire high = !negative && (far || carried);
    wire low = negative && (far || is_unsigned || is_relu);

    // Unsigned codes are stored less the middle of their range: their highest bit is flipped and becomes the sign.
    wire sign = low ? is_unsigned || !is_relu : !high && (top ^ is_unsigned);
    wire [6:0] below = ({7{high}} | rounded[6:0]) & {7{!low}};
    wire above = !negative && (beyond || (is_unsigned ? by1[9] && by1[8:0] != 0 : by1 != 0));
    assign code = size == 0 ? {{7{!above}}, 1'b1} :
        {sign, is8 ? below[6:3] : {4{sign}}, is8 || is4 ? below[2:1] : {2{sign}}, below[0]};
endmodule
