// Packing of four bytes into codes of 1, 2 or 4 bits on top of a word that moves down (docs/isa.md). One cycle.
`default_nettype none
module pack (
    input  wire [31:0] bytes, earlier,
    input  wire [1:0]  size,  // 0, 1, 2: 1, 2, 4 bits
    output wire [31:0] result
);
    wire [3:0] above_zero;
    genvar i;
    generate for (i = 0; i < 4; i = i + 1) begin : each
        assign above_zero[i] = !bytes[8 * i + 7] && bytes[8 * i +: 7] != 0;
    end endgenerate
    assign result =
        size == 0 ? {above_zero, earlier[31:4]} :
        size == 1 ? {bytes[25:24], bytes[17:16], bytes[9:8], bytes[1:0], earlier[31:8]} :
                    {bytes[27:24], bytes[19:16], bytes[11:8], bytes[3:0], earlier[31:16]};
endmodule
