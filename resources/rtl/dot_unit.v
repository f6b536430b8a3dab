// The unit for packed dot products (docs/isa.md): sum of the products of codes of rs1 and rs2, two cycles. In the first the
// codes are multiplied and summed at each of the four widths, in the second the core adds the sum of
// the selected width to the accumulator. A new product may start every cycle, also one that adds to the sum before it.
//
// It has no state beyond its pipeline register, so it fits other cores too: function bits and two words in, and one cycle later the sum
// out, to which the core (or a register of its own, where a bus carries only two operands) adds what came before.
`default_nettype none
module dot_unit (
    input  wire        clk,
    input  wire [31:0] a, b,
    input  wire [1:0]  size1, size2,
    input  wire        unsigned1, unsigned2,
    input  wire [2:0]  part,
    output reg  signed [19:0] sum  // one cycle later; at most 4 * 255 * 255
);
    wire [1:0] wide = size1 > size2 ? size1 : size2;
    wire [2:0] part1 = size1 < wide ? part : 0, part2 = size2 < wide ? part : 0;

    wire [35:0] a8, b8;
    wire [39:0] a4, b4;
    wire [47:0] a2, b2;
    wire [63:0] a1, b1;
    dot_lanes #(.WIDE(8)) lanes_a8(.word(a), .size(size1), .is_unsigned(unsigned1), .part(part1), .lanes(a8));
    dot_lanes #(.WIDE(8)) lanes_b8(.word(b), .size(size2), .is_unsigned(unsigned2), .part(part2), .lanes(b8));
    dot_lanes #(.WIDE(4)) lanes_a4(.word(a), .size(size1), .is_unsigned(unsigned1), .part(part1), .lanes(a4));
    dot_lanes #(.WIDE(4)) lanes_b4(.word(b), .size(size2), .is_unsigned(unsigned2), .part(part2), .lanes(b4));
    dot_lanes #(.WIDE(2)) lanes_a2(.word(a), .size(size1), .is_unsigned(unsigned1), .part(part1), .lanes(a2));
    dot_lanes #(.WIDE(2)) lanes_b2(.word(b), .size(size2), .is_unsigned(unsigned2), .part(part2), .lanes(b2));
    dot_lanes #(.WIDE(1)) lanes_a1(.word(a), .size(size1), .is_unsigned(unsigned1), .part(part1), .lanes(a1));
    dot_lanes #(.WIDE(1)) lanes_b1(.word(b), .size(size2), .is_unsigned(unsigned2), .part(part2), .lanes(b1));

    // Widths 4 and 2 multiply by shifting and adding: hard multipliers are few.
    function signed [9:0] product4(input signed [4:0] x, input [4:0] y);
        reg signed [9:0] wide_x;
        begin
            wide_x = x;
            product4 = (y[0] ? wide_x : 10'sd0) + (y[1] ? wide_x <<< 1 : 10'sd0) + (y[2] ? wide_x <<< 2 : 10'sd0) +
                (y[3] ? wide_x <<< 3 : 10'sd0) - (y[4] ? wide_x <<< 4 : 10'sd0);
        end
    endfunction
    function signed [5:0] product2(input signed [2:0] x, input [2:0] y);
        reg signed [5:0] wide_x;
        begin
            wide_x = x;
            product2 = (y[0] ? wide_x : 6'sd0) + (y[1] ? wide_x <<< 1 : 6'sd0) - (y[2] ? wide_x <<< 2 : 6'sd0);
        end
    endfunction

    wire signed [8:0] a80 = a8[8:0], a81 = a8[17:9], a82 = a8[26:18], a83 = a8[35:27];
    wire signed [8:0] b80 = b8[8:0], b81 = b8[17:9], b82 = b8[26:18], b83 = b8[35:27];
    wire signed [17:0] p80 = a80 * b80, p81 = a81 * b81, p82 = a82 * b82, p83 = a83 * b83;
    wire signed [19:0] sum8 = p80 + p81 + p82 + p83;

    integer i;
    reg signed [13:0] sum4;
    reg signed [9:0]  sum2;
    reg signed [6:0]  plus, minus;
    always @* begin
        sum4 = 0;
        for (i = 0; i < 8; i = i + 1) sum4 = sum4 + product4(a4[5 * i +: 5], b4[5 * i +: 5]);
        sum2 = 0;
        for (i = 0; i < 16; i = i + 1) sum2 = sum2 + product2(a2[3 * i +: 3], b2[3 * i +: 3]);
        // Codes -1, 0 and 1 as 11, 00 and 01: a product is 0, or 1 with the product of the signs.
        plus = 0;
        minus = 0;
        for (i = 0; i < 32; i = i + 1) begin
            plus  = plus  + {6'b0, a1[2 * i] && b1[2 * i] && a1[2 * i + 1] == b1[2 * i + 1]};
            minus = minus + {6'b0, a1[2 * i] && b1[2 * i] && a1[2 * i + 1] != b1[2 * i + 1]};
        end
    end
    wire signed [7:0] sum1 = plus - minus;
    always @(posedge clk)
        sum <= wide == 3 ? sum8 : wide == 2 ? sum4 : wide == 1 ? sum2 : sum1;
endmodule
