// Products of sixteen codes where the wider side has 2 bits. A code is its low bit and twice its high bit, which counts down where it
// is signed: four counts of lanes, one for each pair of bits, make the sum.
`default_nettype none
module dot_two (
    input  wire [31:0] wide, narrow,
    input  wire [15:0] half,    // of the narrower side: single bits
    input  wire        of_one,  // the narrower side has single bits
    input  wire        wide_unsigned, narrow_unsigned,
    output wire signed [8:0] sum  // at most 16 * 3 * 3
);
    integer i;
    reg [4:0] low, wide_high, narrow_high, high;
    reg n0, n1;
    always @* begin
        low = 0; wide_high = 0; narrow_high = 0; high = 0;
        for (i = 0; i < 16; i = i + 1) begin
            // -1 and 1 are 11 and 01.
            n0 = of_one ? half[i] || !narrow_unsigned : narrow[2 * i];
            n1 = of_one ? !(half[i] || narrow_unsigned) : narrow[2 * i + 1];
            low         = low         + {4'b0, wide[2 * i] && n0};
            wide_high   = wide_high   + {4'b0, wide[2 * i + 1] && n0};
            narrow_high = narrow_high + {4'b0, wide[2 * i] && n1};
            high        = high        + {4'b0, wide[2 * i + 1] && n1};
        end
    end
    // -x is ~x + 1: the ones are carries.
    wire wide_down = !wide_unsigned, narrow_down = !narrow_unsigned, high_down = wide_down != narrow_down;
    wire signed [8:0] once  = {4'b0, low};
    wire signed [7:0] twice = {{3{wide_down}}, wide_high ^ {5{wide_down}}} + {{3{narrow_down}}, narrow_high ^ {5{narrow_down}}} +
        {7'b0, wide_down} + {7'b0, narrow_down};
    wire signed [6:0] fourfold = {{2{high_down}}, high ^ {5{high_down}}} + {6'b0, high_down};
    assign sum = once + {twice, 1'b0} + {fourfold, 2'b0};
endmodule
