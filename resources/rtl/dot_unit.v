// The unit for packed dot products (docs/isa.md): sum of the products of codes of rs1 and rs2, two cycles. In the first the
// codes are multiplied and summed at each of the four widths, in the second the core adds the sum of
// the selected width to the accumulator. A new product may start every cycle, also one that adds to the sum before it.
//
// It has no state beyond its pipeline register, so it fits other cores too: function bits and two words in, and one cycle later the sum
// out, to which the core (or a register of its own, where a bus carries only two operands) adds what came before.
//
// Products of codes of 8 and of 4 bits share four hard multipliers, those of 2 and 1 bit are counted.
`default_nettype none
module dot_unit (
    input  wire        clk,
    input  wire [31:0] a, b,
    input  wire [1:0]  size1, size2,
    input  wire        unsigned1, unsigned2,
    input  wire [2:0]  part,
    output reg  signed [19:0] sum  // one cycle later; at most 4 * 255 * 255
);
    // The wider word and the narrower: which is which makes no difference to the sum.
    wire swap = size2 > size1;
    wire [31:0] wide_word = swap ? b : a, narrow_word = swap ? a : b;
    wire [1:0]  wide_size = swap ? size2 : size1, narrow_size = swap ? size1 : size2;
    wire        wide_unsigned = swap ? unsigned2 : unsigned1, narrow_unsigned = swap ? unsigned1 : unsigned2;

    // Group number `part` of the narrower word at the bottom: half a word, a byte or a nibble.
    wire [1:0]  distance = wide_size - narrow_size;
    wire        up16 = distance == 1 ? part[0] : distance == 2 ? part[1] : distance == 3 && part[2];
    wire        up8  = distance == 2 ? part[0] : distance == 3 && part[1];
    wire        up4  = distance == 3 && part[0];
    wire [15:0] half = up16 ? narrow_word[31:16] : narrow_word[15:0];
    wire [7:0]  byte_ = up8 ? half[15:8] : half[7:0];
    wire [3:0]  nibble = up4 ? byte_[7:4] : byte_[3:0];

    wire signed [19:0] sum8;
    wire signed [12:0] sum4;
    dot_wide dot_wide(.by_four(wide_size == 2), .wide(wide_word), .narrow(narrow_word), .half(half), .byte_(byte_), .nibble(nibble),
        .narrow_size(narrow_size), .wide_unsigned(wide_unsigned), .narrow_unsigned(narrow_unsigned), .sum8(sum8), .sum4(sum4));
    wire signed [8:0] sum2;
    dot_two dot_two(.wide(wide_word), .narrow(narrow_word), .half(half), .of_one(narrow_size == 0),
        .wide_unsigned(wide_unsigned), .narrow_unsigned(narrow_unsigned), .sum(sum2));

    // Single bits: a product is 0 where an unsigned code is 0, else 1 with the product of the signs.
    integer i;
    reg [5:0] plus, minus;
    always @* begin
        plus = 0;
        minus = 0;
        for (i = 0; i < 32; i = i + 1) begin
            plus  = plus  + {5'b0, wide_word[i] ? narrow_word[i] : !(narrow_word[i] || wide_unsigned || narrow_unsigned)};
            minus = minus + {5'b0, wide_word[i] ? !(narrow_word[i] || narrow_unsigned) : narrow_word[i] && !wide_unsigned};
        end
    end
    wire signed [6:0] sum1 = {1'b0, plus} - {1'b0, minus};
    always @(posedge clk)
        sum <= wide_size == 3 ? sum8 : wide_size == 2 ? sum4 : wide_size == 1 ? sum2 : sum1;
endmodule
