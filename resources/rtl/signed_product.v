// Product of two signed words of 16 bits, for what has hard multipliers: synthesis puts it on one.
`default_nettype none
module signed_product (
    input  wire signed [15:0] a, b,
    output wire signed [31:0] product
);
    assign product = a * b;
endmodule
