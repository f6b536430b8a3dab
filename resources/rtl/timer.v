// The timer of a CLINT: msip at 0, mtimecmp at 0x4000, mtime at 0xbff8; mtime counts cycles.
`default_nettype none
module timer (
    input  wire        clk, reset,
    input  wire        read, write,
    input  wire [15:0] offset,
    input  wire [31:0] data,
    output reg  [31:0] result,  // one cycle after read
    output reg  [63:0] mtime,
    output wire        timer_pending,
    output reg         software_pending
);
    reg [63:0] compare;
    assign timer_pending = mtime >= compare;
    always @(posedge clk) begin
        mtime <= mtime + 1;
        if (read) case (offset[15:2])
            14'h0000: result <= {31'b0, software_pending};
            14'h1000: result <= compare[31:0];
            14'h1001: result <= compare[63:32];
            14'h2ffe: result <= mtime[31:0];
            14'h2fff: result <= mtime[63:32];
            default:  result <= 0;
        endcase
        if (write) case (offset[15:2])
            14'h0000: software_pending <= data[0];
            14'h1000: compare[31:0] <= data;
            14'h1001: compare[63:32] <= data;
            14'h2ffe: mtime[31:0] <= data;
            14'h2fff: mtime[63:32] <= data;
            default: ;
        endcase
        if (reset) begin
            software_pending <= 0;
            mtime <= 0;
            compare <= 64'hffffffffffffffff;
        end
    end
endmodule
