// The board on an iCEBreaker: 12 MHz, 128 KiB of RAM, the console on the USB bridge's second port at 115,200 baud.
`default_nettype none
module icebreaker #(parameter XBB = 0) (
    input  wire CLK, BTN_N, RX,
    output wire TX, LEDR_N, LEDG_N
);
    reg [3:0] started = 0;
    always @(posedge CLK) started <= BTN_N ? {started[2:0], 1'b1} : 4'b0;
    wire reset = !started[3];
    wire in_valid, in_ready, out_valid, out_ready, finished, polls;
    wire [7:0] in_data, out_data;
    wire [15:0] finish_code;
    soc #(.XBB(XBB), .RAM_BYTES(131072), .CLOCK_HZ(12000000), .TIMER(0), .BOOT(1)) soc(.clk(CLK), .reset(reset), .in_valid(in_valid), .in_data(in_data),
        .in_ready(in_ready), .out_valid(out_valid), .out_data(out_data), .out_ready(out_ready), .finished(finished),
        .finish_code(finish_code), .polls(polls));
    serial_in in(.clk(CLK), .reset(reset), .line(RX), .valid(in_valid), .data(in_data));
    serial_out out(.clk(CLK), .reset(reset), .valid(out_valid), .data(out_data), .ready(out_ready), .line(TX));
    assign LEDR_N = !finished;
    assign LEDG_N = !polls;
endmodule
