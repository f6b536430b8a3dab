// Products of codes where the wider side has 8 or 4 bits, on four signed multipliers. At 8 bits each multiplies a pair of codes. At
// 4 bits each makes the sum of two products at once: of (x + y * 2^11) times (v + u * 2^11) bits 21..11 are x * u + y * v, once
// what the product below borrowed is given back.
`default_nettype none
module dot_wide (
    input  wire        by_four,      // the wider side has 4 bits
    input  wire [31:0] wide, narrow,
    input  wire [15:0] half,         // of the narrower side: the group of codes, by its size
    input  wire [7:0]  byte_,
    input  wire [3:0]  nibble,
    input  wire [1:0]  narrow_size,  // 0, 1, 2, 3: codes of 1, 2, 4, 8 bits
    input  wire        wide_unsigned, narrow_unsigned,
    output wire signed [19:0] sum8,
    output wire signed [12:0] sum4
);
    genvar i;
    // Codes one bit wider than they are, so that signed and unsigned ones are one kind of number after this.
    wire [39:0] wide4, narrow4;
    generate for (i = 0; i < 8; i = i + 1) begin : four
        wire one = byte_[i];
        wire [1:0] two = half[2 * i +: 2];
        wire [3:0] four = narrow[4 * i +: 4];
        assign wide4[5 * i +: 5] = {!wide_unsigned && wide[4 * i + 3], wide[4 * i +: 4]};
        assign narrow4[5 * i +: 5] = narrow_size == 0 ? {{4{!one && !narrow_unsigned}}, one || !narrow_unsigned} :
            narrow_size == 1 ? {{3{two[1] && !narrow_unsigned}}, two} : {four[3] && !narrow_unsigned, four};
    end endgenerate

    wire signed [17:0] product8 [0:3];
    wire signed [10:0] product4 [0:3];
    generate for (i = 0; i < 4; i = i + 1) begin : eight
        wire one = nibble[i];
        wire [1:0] two = byte_[2 * i +: 2];
        wire [3:0] four = half[4 * i +: 4];
        wire [7:0] eight = narrow[8 * i +: 8];
        wire [8:0] wide8 = {!wide_unsigned && wide[8 * i + 7], wide[8 * i +: 8]};
        wire [8:0] narrow8 = narrow_size == 0 ? {{8{!one && !narrow_unsigned}}, one || !narrow_unsigned} :
            narrow_size == 1 ? {{7{two[1] && !narrow_unsigned}}, two} :
            narrow_size == 2 ? {{5{four[3] && !narrow_unsigned}}, four} : {eight[7] && !narrow_unsigned, eight};

        wire [4:0] x = wide4[10 * i +: 5], y = wide4[10 * i + 5 +: 5], u = narrow4[10 * i +: 5], v = narrow4[10 * i + 5 +: 5];
        wire [4:0] above_x = y - {4'b0, x[4]}, above_v = u - {4'b0, v[4]};
        wire signed [15:0] left  = by_four ? {above_x, {6{x[4]}}, x} : {{7{wide8[8]}}, wide8};
        wire signed [15:0] right = by_four ? {above_v, {6{v[4]}}, v} : {{7{narrow8[8]}}, narrow8};
        wire signed [31:0] product;
        signed_product multiplier(.a(left), .b(right), .product(product));
        assign product8[i] = product[17:0];
        assign product4[i] = product[21:11] + {10'b0, product[10]};
    end endgenerate
    assign sum8 = product8[0] + product8[1] + product8[2] + product8[3];
    assign sum4 = product4[0] + product4[1] + product4[2] + product4[3];
endmodule
