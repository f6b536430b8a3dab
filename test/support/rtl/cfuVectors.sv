// Commands of vectors.hex through Cfu.v, with pauses on both sides: prints each response. The first line is their number, each other
// one a command: function (16 bits), two operands.
module cfu_vectors;
    reg clk = 0, reset = 1, cmd_valid = 0, rsp_ready = 0;
    reg [79:0] commands[0:8191];
    reg [79:0] command;
    reg [31:0] noise = 1;
    integer next = 1, seen = 0, cycles = 0;
    wire cmd_ready, rsp_valid; wire [31:0] out;
    Cfu cfu(.clk(clk), .reset(reset), .cmd_valid(cmd_valid), .cmd_ready(cmd_ready), .cmd_payload_function_id(command[73:64]),
        .cmd_payload_inputs_0(command[63:32]), .cmd_payload_inputs_1(command[31:0]), .rsp_valid(rsp_valid), .rsp_ready(rsp_ready),
        .rsp_payload_outputs_0(out));
    always #1 clk = !clk;
    always @(posedge clk) if (!reset) begin
        cycles <= cycles + 1;
        noise <= {noise[30:0], noise[31] ^ noise[21] ^ noise[1] ^ noise[0]};
        rsp_ready <= noise[1:0] != 0;
        if (!cmd_valid || cmd_ready) begin
            cmd_valid <= noise[4:3] != 0 && next <= commands[0];
            // Between commands the operands are anything.
            command <= noise[4:3] != 0 ? commands[next[12:0]] : {16'h7ff, noise, ~noise};
            if (noise[4:3] != 0 && next <= commands[0]) next <= next + 1;
        end
        if (rsp_valid && rsp_ready) begin $display("%08x", out); seen <= seen + 1; end
        if (seen == commands[0] || cycles > 100000) begin $display("end %0d", seen); $finish; end
    end
    initial begin $readmemh("vectors.hex", commands); #20 reset = 0; end
endmodule
