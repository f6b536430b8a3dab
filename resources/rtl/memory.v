// Block RAM with one port, words with byte lanes; synthesis makes it of what the chip has.
`default_nettype none
module memory #(parameter WORDS = 262144) (
    input  wire        clk,
    input  wire        enable,
    input  wire [3:0]  write,
    input  wire [$clog2(WORDS) - 1:0] index,
    input  wire [31:0] data,
    output reg  [31:0] result
);
    reg [31:0] words [0:WORDS - 1] /*verilator public_flat_rw*/;
    always @(posedge clk) if (enable) begin
        if (write[0]) words[index][7:0]   <= data[7:0];
        if (write[1]) words[index][15:8]  <= data[15:8];
        if (write[2]) words[index][23:16] <= data[23:16];
        if (write[3]) words[index][31:24] <= data[31:24];
        if (write == 0) result <= words[index];
    end
endmodule
