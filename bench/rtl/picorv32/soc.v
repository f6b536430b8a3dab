// PicoRV32 (the module `picorv32` of its authors' picorv32.v, which is not part of this repository) with the devices of the core in
// resources/rtl, for `npm run bench:rtl -- --picorv32 FILE`: RAM, UART and timer where QEMU's virt machine has them.
//
// The core has neither CSRs nor traps, and the monitor wants both: what the core does not know goes to its coprocessor port,
// which reads counters and misa and returns 0 for everything else. No kernel executes any of that.
`default_nettype none
module soc #(parameter COMPRESSED = 1, parameter FAST_MULTIPLIER = 1, parameter WAIT = 0, parameter RAM_BYTES = 1 << 20) (
    input  wire        clk, reset,
    input  wire        in_valid,
    input  wire [7:0]  in_data,
    output wire        in_ready,
    output wire        out_valid,
    output wire [7:0]  out_data,
    input  wire        out_ready,
    output reg         finished,
    output reg  [15:0] finish_code,
    output wire        polls
);
    wire trap, mem_valid, read, write, pcpi_valid;
    wire [31:0] address, data, instruction;
    wire [3:0]  lanes;

    // An access begins at the look-ahead edge, so that RAM with a register at its output has no wait state.
    wire in_uart  = address[31:3] == 29'h02000000;
    wire in_timer = address[31:16] == 16'h0200;
    wire in_ram   = address[31:28] == 4'h8 && address[27:0] < RAM_BYTES;
    reg [2:0] from; // RAM, timer, UART
    always @(posedge clk) if (read || write) from <= {in_uart, in_timer, in_ram};
    wire [31:0] ram_result, timer_result;
    wire [7:0]  uart_result;
    wire [31:0] result = from[2] ? {4{uart_result}} : from[1] ? timer_result : from[0] ? ram_result : 0;

    // The core gives word addresses: the byte of a store is that of its lane, of a load that of the core's operand.
    wire [1:0] lane = lanes[0] ? 0 : lanes[1] ? 1 : lanes[2] ? 2 : 3;
    wire [2:0] uart_index = write ? {address[2], lane} : cpu.reg_op1[2:0];
    wire [7:0] byte_written = data >> {lane, 3'b0};
    wire [63:0] mtime;
    wire timer_pending, software_pending;
    memory #(.WORDS(RAM_BYTES / 4)) ram(.clk(clk), .enable((read || write) && in_ram), .write(write ? lanes : 4'b0),
        .index(address[$clog2(RAM_BYTES) - 1:2]), .data(data), .result(ram_result));
    uart uart(.clk(clk), .reset(reset), .read(read && in_uart), .write(write && in_uart), .index(uart_index), .data(byte_written),
        .result(uart_result), .in_valid(in_valid), .in_data(in_data), .in_ready(in_ready), .out_valid(out_valid),
        .out_data(out_data), .out_ready(out_ready));
    timer timer(.clk(clk), .reset(reset), .read(read && in_timer), .write(write && in_timer), .offset(address[15:0]), .data(data),
        .result(timer_result), .mtime(mtime), .timer_pending(timer_pending), .software_pending(software_pending));
    assign polls = read && in_uart && uart_index == 5;

    reg waited;
    wire ready = WAIT == 0 || (mem_valid && waited);
    always @(posedge clk) waited <= mem_valid && !ready;

    reg [63:0] cycles;
    reg        known;
    reg [31:0] value;
    reg        writes;
    wire is_system = instruction[6:0] == 7'b1110011;
    wire is_multiply = instruction[6:0] == 7'b0110011 && instruction[31:25] == 7'b0000001; // has its own unit
    always @(posedge clk) begin
        cycles <= reset ? 0 : cycles + 1;
        known <= pcpi_valid && !known && !is_multiply;
        writes <= instruction[6:0] != 7'b0001111 && (!is_system || instruction[14:12] != 0); // not fences, not wfi
        value <= 0;
        if (is_system) case (instruction[31:20])
            12'hb00: value <= cycles[31:0];
            12'hb80: value <= cycles[63:32];
            12'hb02: value <= cpu.count_instr[31:0];
            12'hb82: value <= cpu.count_instr[63:32];
            12'h301: value <= COMPRESSED ? 32'h40001104 : 32'h40001100;
            default: ;
        endcase
        finished <= !reset && trap;
        finish_code <= 1;
    end

    picorv32 #(.BARREL_SHIFTER(1), .ENABLE_FAST_MUL(FAST_MULTIPLIER), .ENABLE_MUL(!FAST_MULTIPLIER), .ENABLE_DIV(1),
        .COMPRESSED_ISA(COMPRESSED), .ENABLE_PCPI(1), .PROGADDR_RESET(32'h80000000))
    cpu(.clk(clk), .resetn(!reset), .trap(trap), .mem_valid(mem_valid), .mem_instr(), .mem_ready(ready), .mem_addr(), .mem_wdata(),
        .mem_wstrb(), .mem_rdata(result), .mem_la_read(read), .mem_la_write(write), .mem_la_addr(address), .mem_la_wdata(data),
        .mem_la_wstrb(lanes), .pcpi_valid(pcpi_valid), .pcpi_insn(instruction), .pcpi_rs1(), .pcpi_rs2(), .pcpi_wr(known && writes),
        .pcpi_rd(value), .pcpi_wait(1'b0), .pcpi_ready(known), .irq(32'b0), .eoi(), .trace_valid(), .trace_data());
endmodule
