// Bytes from a serial line, 8N1, DIVISOR clocks a bit.
`default_nettype none
module serial_in #(parameter DIVISOR = 104) (
    input  wire       clk, reset, line,
    output reg        valid,
    output reg  [7:0] data
);
    reg [1:0] seen;
    reg [3:0] left;                       // bits to come, with start and stop
    reg [$clog2(DIVISOR + 1) - 1:0] wait_;
    always @(posedge clk) begin
        seen <= {seen[0], line};
        valid <= 0;
        if (left == 0) begin
            if (!seen[1]) begin left <= 10; wait_ <= DIVISOR / 2; end
        end else if (wait_ != 0) wait_ <= wait_ - 1;
        else begin
            wait_ <= DIVISOR - 1;
            left <= left - 1;
            if (left == 1) valid <= seen[1]; else data <= {seen[1], data[7:1]};
        end
        if (reset) begin left <= 0; seen <= 2'b11; valid <= 0; end
    end
endmodule
