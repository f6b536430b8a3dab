// The greater of two signed bytes, four times over (docs/isa.md "max"). One cycle.
`default_nettype none
module byte_max (
    input  wire [31:0] a, b,
    output wire [31:0] result
);
    genvar i;
    generate for (i = 0; i < 4; i = i + 1) begin : each
        wire signed [7:0] x = a[8 * i +: 8], y = b[8 * i +: 8];
        assign result[8 * i +: 8] = x > y ? x : y;
    end endgenerate
endmodule
