// The boot loader (boot.S), in block RAM that the bitstream fills: words that are fetched.
`default_nettype none
module boot #(parameter BYTES = 1024) (
    input  wire        clk,
    input  wire        enable,
    input  wire [$clog2(BYTES) - 3:0] index,
    output reg  [31:0] result
);
    reg [31:0] words [0:BYTES / 4 - 1];
    integer i;
    initial begin
        for (i = 0; i < BYTES / 4; i = i + 1) words[i] = 0;
        `include "boot_words.vh"
    end
    always @(posedge clk) if (enable) result <= words[index];
endmodule
