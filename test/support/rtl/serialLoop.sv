// 300 bytes through serial_out.v and serial_in.v: prints how many came and how many were wrong.
module serial_loop;
    reg clk = 0, reset = 1, valid = 0; reg [7:0] data = 0;
    wire ready, line, got; wire [7:0] out;
    integer sent = 0, seen = 0, bad = 0;
    serial_out tx(.clk(clk), .reset(reset), .valid(valid), .data(data), .ready(ready), .line(line));
    serial_in rx(.clk(clk), .reset(reset), .line(line), .valid(got), .data(out));
    always #1 clk = !clk;
    always @(posedge clk) begin
        if (valid && ready) begin valid <= 0; sent <= sent + 1; data <= data + 8'd37; end
        else if (ready && !valid && !reset && sent < 300) valid <= 1;
        if (got) begin if (out != 8'(seen * 37)) bad <= bad + 1; seen <= seen + 1; end
        if (seen == 300) begin $display("seen %0d bad %0d", seen, bad); $finish; end
    end
    initial begin #20 reset = 0; #2000000 $display("late: seen %0d", seen); $finish; end
endmodule
