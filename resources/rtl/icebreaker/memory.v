// RAM of an iCE40 UP5K: its four single-port blocks of 256 kbit, 128 KiB as words with byte lanes.
`default_nettype none
module memory #(parameter WORDS = 32768) (
    input  wire        clk,
    input  wire        enable,
    input  wire [3:0]  write,
    input  wire [$clog2(WORDS) - 1:0] index,
    input  wire [31:0] data,
    output wire [31:0] result
);
    wire [31:0] bank [0:1];
    reg upper;
    always @(posedge clk) if (enable && write == 0) upper <= index[14];
    assign result = bank[upper];
    genvar b, h;
    generate for (b = 0; b < 2; b = b + 1) for (h = 0; h < 2; h = h + 1) begin : block
        SB_SPRAM256KA ram(.ADDRESS(index[13:0]), .DATAIN(data[16 * h +: 16]),
            .MASKWREN({{2{write[2 * h + 1]}}, {2{write[2 * h]}}}), .WREN(write != 0), .CHIPSELECT(enable && index[14] == b),
            .CLOCK(clk), .STANDBY(1'b0), .SLEEP(1'b0), .POWEROFF(1'b1), .DATAOUT(bank[b][16 * h +: 16]));
    end endgenerate
endmodule
