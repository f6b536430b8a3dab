// The board: core, RAM at 0x80000000, UART at 0x10000000, timer at 0x02000000, and the test finisher at 0x00100000 that ends a
// simulation. The memory map is that of QEMU's virt machine and of the virtual boards, so the same monitor runs. Without TIMER there is
// no timer; with BOOT a boot loader at 0 runs first, which can be executed and not read.
`default_nettype none
module soc #(parameter XBB = 1, parameter RAM_BYTES = 1 << 20, parameter CLOCK_HZ = 12000000, parameter TIMER = 1, parameter BOOT = 0) (
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
    localparam BOOT_BYTES = 1024;
    wire        enable, is_data, is_store;
    wire [31:0] address, data;
    wire [3:0]  write;
    wire [63:0] mtime;
    wire timer_pending, software_pending;

    // Fetches come from RAM alone; the core itself sees when they would not.
    wire [31:0] data_address;
    wire data_in_ram = data_address[31:28] == 4'h8 && data_address[27:$clog2(RAM_BYTES)] == 0;
    wire at_uart     = data_address[31:3] == 29'h02000000;
    wire at_timer    = TIMER != 0 && data_address[31:16] == 16'h0200 && data_address[15:14] != 2'b11;
    wire at_finisher = data_address == 32'h00100000;
    wire in_boot     = BOOT != 0 && !is_data && !address[31];
    wire in_ram      = is_data ? data_in_ram : !in_boot;
    wire in_uart     = is_data && at_uart;
    wire in_timer    = is_data && at_timer;
    wire in_finisher = is_data && is_store && at_finisher;

    reg from_uart, from_timer, from_boot;
    wire [31:0] ram_result, timer_result, boot_result;
    wire [7:0]  uart_result;
    wire [31:0] result = from_uart ? {4{uart_result}} : from_timer ? timer_result : from_boot ? boot_result : ram_result;
    always @(posedge clk) if (enable) begin
        from_uart <= in_uart;
        from_timer <= in_timer;
        from_boot <= in_boot;
    end

    core #(.XBB(XBB), .RAM_BYTES(RAM_BYTES), .CLOCK_HZ(CLOCK_HZ), .TIMER(TIMER), .BOOT_BYTES(BOOT != 0 ? BOOT_BYTES : 0)) core(.clk(clk), .reset(reset), .port_enable(enable), .port_address(address),
        .port_write(write), .port_data(data), .port_is_data(is_data), .port_is_store(is_store), .port_result(result),
        .data_address(data_address),
        .data_fault(!(data_in_ram || at_uart || at_timer || at_finisher)), .timer_pending(timer_pending), .software_pending(software_pending), .mtime(mtime));
    memory #(.WORDS(RAM_BYTES / 4)) ram(.clk(clk), .enable(enable && in_ram), .write(write),
        .index(address[$clog2(RAM_BYTES) - 1:2]), .data(data), .result(ram_result));
    uart uart(.clk(clk), .reset(reset), .read(enable && in_uart && !is_store), .write(enable && in_uart && is_store),
        .index(address[2:0]), .data(data[7:0]), .result(uart_result), .in_valid(in_valid), .in_data(in_data),
        .in_ready(in_ready), .out_valid(out_valid), .out_data(out_data), .out_ready(out_ready));
    generate if (TIMER != 0) begin : with_timer
        timer timer(.clk(clk), .reset(reset), .read(enable && in_timer && !is_store), .write(enable && in_timer && is_store),
            .offset(address[15:0]), .data(data), .result(timer_result), .mtime(mtime), .timer_pending(timer_pending),
            .software_pending(software_pending));
    end else begin : without_timer
        assign timer_result = 0;
        assign mtime = 0;
        assign timer_pending = 0;
        assign software_pending = 0;
    end endgenerate
    generate if (BOOT != 0) begin : with_boot
        boot #(.BYTES(BOOT_BYTES)) boot(.clk(clk), .enable(enable && in_boot), .index(address[$clog2(BOOT_BYTES) - 1:2]), .result(boot_result));
    end else begin : without_boot
        assign boot_result = 0;
    end endgenerate
    always @(posedge clk) begin
        if (enable && in_finisher && write != 0) begin
            finished <= 1;
            finish_code <= data[15:0];
        end
        if (reset) finished <= 0;
    end
    assign polls = enable && in_uart && !is_store && address[2:0] == 5;
endmodule
