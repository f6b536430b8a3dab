// signed_product.v on a multiplier of an iCE40; why it is wired by hand: multiplier.v beside it.
`default_nettype none
module signed_product (
    input  wire signed [15:0] a, b,
    output wire signed [31:0] product
);
    hard_product #(.SIGNED(1), .LATE(0)) hard(.clk(1'b0), .a(a), .b(b), .add(32'b0), .carry_in(1'b0), .sum(product), .carry());
endmodule
