// As much of an NS16550A as a polled console needs, byte registers: data, line status, scratch; the others read as what was
// written. Sixteen bytes are kept on the way in; bytes go in and out as whole bytes, serial_in.v and serial_out.v make a line of them.
`default_nettype none
module uart (
    input  wire       clk, reset,
    input  wire       read, write,
    input  wire [2:0] index,
    input  wire [7:0] data,
    output reg  [7:0] result,      // one cycle after read
    input  wire       in_valid,
    input  wire [7:0] in_data,
    output wire       in_ready,
    output reg        out_valid,
    output reg  [7:0] out_data,
    input  wire       out_ready
);
    reg [7:0] queue [0:15];
    reg [4:0] count;
    reg [3:0] head;
    reg [7:0] interrupts, line_control, modem_control, scratch;
    wire divisor_access = line_control[7];
    assign in_ready = count != 16;
    wire take = read && index == 0 && !divisor_access && count != 0;
    wire put = in_valid && in_ready;
    wire [3:0] tail = head + count[3:0];
    always @(posedge clk) begin
        if (put) queue[tail] <= in_data;
        if (take) head <= head + 1;
        count <= count + {4'b0, put} - {4'b0, take};
        if (out_valid && out_ready) out_valid <= 0;
        if (read) case (index)
            3'd0: result <= divisor_access ? 8'd1 : count != 0 ? queue[head] : 8'd0;
            3'd1: result <= divisor_access ? 8'd0 : interrupts;
            3'd2: result <= 8'hc1;
            3'd3: result <= line_control;
            3'd4: result <= modem_control;
            3'd5: result <= {1'b0, !out_valid, !out_valid, 4'b0, count != 0};
            3'd6: result <= 8'hb0;
            default: result <= scratch;
        endcase
        if (write) case (index)
            3'd0: if (!divisor_access) begin out_valid <= 1; out_data <= data; end
            3'd1: if (!divisor_access) interrupts <= data;
            3'd3: line_control <= data;
            3'd4: modem_control <= data;
            3'd7: scratch <= data;
            default: ;
        endcase
        if (reset) {count, head, out_valid, interrupts, line_control, modem_control, scratch} <= 0;
    end
endmodule
