// The board: core, RAM at 0x80000000, UART at 0x10000000, timer at 0x02000000, and the test finisher at 0x00100000 that ends a
// simulation. The memory map is that of QEMU's virt machine and of the virtual boards, so the same monitor runs.
`default_nettype none
module soc #(parameter XBB = 1, parameter RAM_BYTES = 1 << 20, parameter CLOCK_HZ = 12000000, parameter COMPARE = 1) (
    input  wire        clk, reset,
    input  wire        in_valid,
    input  wire [7:0]  in_data,
    output wire        in_ready,
    output wire        out_valid,
    output wire [7:0]  out_data,
    input  wire        out_ready,
    output reg         finished,
    output reg  [15:0] finish_code,
    output wire        polls    // the line status is read while nothing has come
);
    wire        enable, is_data, is_store;
    wire [31:0] address, data;
    wire [3:0]  write;
    wire [63:0] mtime;
    wire timer_pending, software_pending;

    // Fetches come from RAM alone; the core itself sees when they would not.
    wire [31:0] data_address;
    wire data_in_ram = data_address[31:28] == 4'h8 && data_address[27:0] < RAM_BYTES;
    wire at_uart     = data_address[31:3] == 29'h02000000;
    wire at_timer    = data_address[31:16] == 16'h0200 && data_address[15:14] != 2'b11;
    wire at_finisher = data_address == 32'h00100000;
    wire in_ram      = !is_data || data_in_ram;
    wire in_uart     = is_data && at_uart;
    wire in_timer    = is_data && at_timer;
    wire in_finisher = is_data && is_store && at_finisher;

    reg from_uart, from_timer;
    wire [31:0] ram_result, timer_result;
    wire [7:0]  uart_result;
    wire [31:0] result = from_uart ? {4{uart_result}} : from_timer ? timer_result : ram_result;
    always @(posedge clk) if (enable) begin
        from_uart <= in_uart;
        from_timer <= in_timer;
    end

    core #(.XBB(XBB), .RAM_BYTES(RAM_BYTES), .CLOCK_HZ(CLOCK_HZ)) core(.clk(clk), .reset(reset), .port_enable(enable), .port_address(address),
        .port_write(write), .port_data(data), .port_is_data(is_data), .port_is_store(is_store), .port_result(result),
        .data_address(data_address),
        .data_fault(!(data_in_ram || at_uart || at_timer || at_finisher)), .timer_pending(timer_pending), .software_pending(software_pending), .mtime(mtime));
    memory #(.WORDS(RAM_BYTES / 4)) ram(.clk(clk), .enable(enable && in_ram), .write(write),
        .index(address[$clog2(RAM_BYTES) - 1:2]), .data(data), .result(ram_result));
    uart uart(.clk(clk), .reset(reset), .read(enable && in_uart && !is_store), .write(enable && in_uart && is_store),
        .index(address[2:0]), .data(data[7:0]), .result(uart_result), .in_valid(in_valid), .in_data(in_data),
        .in_ready(in_ready), .out_valid(out_valid), .out_data(out_data), .out_ready(out_ready));
    timer #(.COMPARE(COMPARE)) timer(.clk(clk), .reset(reset), .read(enable && in_timer && !is_store), .write(enable && in_timer && is_store),
        .offset(address[15:0]), .data(data), .result(timer_result), .mtime(mtime), .timer_pending(timer_pending),
        .software_pending(software_pending));
    always @(posedge clk) begin
        if (enable && in_finisher && write != 0) begin
            finished <= 1;
            finish_code <= data[15:0];
        end
        if (reset) finished <= 0;
    end
    assign polls = enable && in_uart && !is_store && address[2:0] == 5;
endmodule
