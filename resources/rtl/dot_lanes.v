// The codes of one operand for a dot product at the width of the wider side: 32 / wide lanes. The narrower operand's group number
// `part` of codes is spread over them; each lane's code is sign- or zero-extended, at one bit to -1 and 1 or 0 and 1.
// Every lane is one bit wider than the wide width, so that signed and unsigned codes are one kind of number after this.
`default_nettype none
module dot_lanes #(parameter WIDE = 8) (
    input  wire [31:0] word,
    input  wire [1:0]  size,      // 0, 1, 2, 3: codes of 1, 2, 4, 8 bits, at most WIDE
    input  wire        is_unsigned,
    input  wire [2:0]  part,
    output wire [(32 / WIDE) * (WIDE + 1) - 1:0] lanes
);
    localparam COUNT = 32 / WIDE;
    genvar i;
    generate for (i = 0; i < COUNT; i = i + 1) begin : lane
        wire [WIDE - 1:0] wide = word[i * WIDE +: WIDE];
        // Below WIDE: bits COUNT * width wide groups; the index of a code is part * COUNT + i.
        wire one = word[(part * COUNT + i) & 31];
        wire [1:0] two  = word[((part * COUNT + i) * 2) & 31 +: 2];
        wire [3:0] four = word[((part * COUNT + i) * 4) & 31 +: 4];
        wire signed [WIDE:0] code;
        wire [WIDE:0] of_one  = is_unsigned ? {{WIDE{1'b0}}, one} : {{WIDE{!one}}, 1'b1};
        wire [WIDE:0] of_two, of_four, of_wide;
        assign of_wide = {!is_unsigned && wide[WIDE - 1], wide};
        if (WIDE > 2) assign of_two = {{(WIDE - 1){!is_unsigned && two[1]}}, two};
        else          assign of_two = of_wide;
        if (WIDE > 4) assign of_four = {{(WIDE - 3){!is_unsigned && four[3]}}, four};
        else          assign of_four = of_wide;
        assign code = size == 0 ? of_one : size == 1 ? of_two : size == 2 ? of_four : of_wide;
        assign lanes[i * (WIDE + 1) +: WIDE + 1] = code;
    end endgenerate
endmodule
