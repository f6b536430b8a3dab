// Bytes to a serial line, 8N1, DIVISOR clocks a bit.
`default_nettype none
module serial_out #(parameter DIVISOR = 104) (
    input  wire       clk, reset, valid,
    input  wire [7:0] data,
    output wire       ready,
    output wire       line
);
    reg [9:0] bits;
    reg [3:0] left;
    reg [$clog2(DIVISOR + 1) - 1:0] wait_;
    assign ready = left == 0;
    assign line = ready || bits[0];
    always @(posedge clk) begin
        if (ready) begin
            if (valid) begin bits <= {1'b1, data, 1'b0}; left <= 10; wait_ <= DIVISOR - 1; end
        end else if (wait_ != 0) wait_ <= wait_ - 1;
        else begin wait_ <= DIVISOR - 1; bits <= bits >> 1; left <= left - 1; end
        if (reset) left <= 0;
    end
endmodule
