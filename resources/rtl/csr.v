// Control and status registers of a machine-mode core, as the simulator's csrFile.ts has them: traps, counters that can be
// written and stopped, identity. What is not here does not exist and traps; event counters and memory protection read as zero.
`default_nettype none
module csr #(parameter CLOCK_HZ = 12000000, parameter TIMER = 1) (
    input  wire        clk, reset,
    input  wire [11:0] number,
    output reg  [31:0] value,
    output wire        exists,
    input  wire        write,
    input  wire [31:0] write_value,
    input  wire        retire,          // an instruction ends in this cycle
    input  wire        trap,            // enter the handler
    input  wire [31:0] trap_pc, trap_cause, trap_value,
    input  wire        mret,
    input  wire        timer_pending, software_pending,
    input  wire [63:0] mtime,           // without TIMER there is none: time is mcycle
    output reg  [31:0] mtvec, mepc
);
`ifdef VERILATOR
    localparam SIMULATED = 1; // marchid: what is counted here was not measured on a chip
`else
    localparam SIMULATED = 0;
`endif
    reg [31:0] mscratch, mcause, mtval;
    reg [2:0]  mie;        // external, timer, software
    reg        mstatus_mie, mstatus_mpie;
    reg        stop_cycles, stop_instructions;
    reg [63:0] mcycle, minstret;
    reg        known;
    wire [63:0] time_ = TIMER != 0 ? mtime : mcycle;

    wire zero_counter = (number >= 12'hb03 && number <= 12'hb1f) || (number >= 12'hb83 && number <= 12'hb9f) ||
        (number >= 12'h323 && number <= 12'h33f);
    wire zero_protection = number >= 12'h3a0 && number <= 12'h3ef;
    assign exists = known || zero_counter || zero_protection;

    always @* begin
        known = 1;
        case (number)
            12'h300: value = {19'b0, 2'b11, 3'b0, mstatus_mpie, 3'b0, mstatus_mie, 3'b0};
            12'h301: value = 32'h40001100; // RV32IM
            12'h304: value = {20'b0, mie[2], 3'b0, mie[1], 3'b0, mie[0], 3'b0};
            12'h305: value = mtvec;
            12'h310: value = 0;
            12'h320: value = {29'b0, stop_instructions, 1'b0, stop_cycles};
            12'h340: value = mscratch;
            12'h341: value = mepc;
            12'h342: value = mcause;
            12'h343: value = mtval;
            12'h344: value = {24'b0, timer_pending, 3'b0, software_pending, 3'b0};
            12'hb00, 12'hc00: value = mcycle[31:0];
            12'hb02, 12'hc02: value = minstret[31:0];
            12'hb80, 12'hc80: value = mcycle[63:32];
            12'hb82, 12'hc82: value = minstret[63:32];
            12'hc01: value = time_[31:0];
            12'hc81: value = time_[63:32];
            12'hf11: value = 32'h0bb;      // a Bitbench board
            12'hf13: value = 5;            // this core
            12'hf12: value = SIMULATED;
            12'hf14, 12'hf15: value = 0;
            12'hfc0: value = CLOCK_HZ;
            12'hfc1: value = 0;
            default: begin value = 0; known = 0; end
        endcase
    end

    always @(posedge clk) begin
        if (!stop_cycles) mcycle <= mcycle + 1;
        if (!stop_instructions && retire) minstret <= minstret + 1;
        if (trap) begin
            mepc <= trap_pc;
            mcause <= trap_cause;
            mtval <= trap_value;
            mstatus_mpie <= mstatus_mie;
            mstatus_mie <= 0;
        end else if (mret) begin
            mstatus_mie <= mstatus_mpie;
            mstatus_mpie <= 1;
        end else if (write) case (number)
            12'h300: {mstatus_mpie, mstatus_mie} <= {write_value[7], write_value[3]};
            12'h304: mie <= {write_value[11], write_value[7], write_value[3]};
            12'h305: mtvec <= {write_value[31:2], 2'b0};
            12'h320: {stop_instructions, stop_cycles} <= {write_value[2], write_value[0]};
            12'h340: mscratch <= write_value;
            12'h341: mepc <= {write_value[31:2], 2'b0};
            12'h342: mcause <= write_value;
            12'h343: mtval <= write_value;
            12'hb00: mcycle[31:0] <= write_value;
            12'hb02: minstret[31:0] <= write_value;
            12'hb80: mcycle[63:32] <= write_value;
            12'hb82: minstret[63:32] <= write_value;
            default: ;
        endcase
        if (reset) begin
            {mstatus_mie, mstatus_mpie, stop_cycles, stop_instructions, mie} <= 0;
            {mtvec, mepc, mcause, mtval, mscratch} <= 0;
            // The first instruction is executed two cycles after its fetch; time begins there.
            mcycle <= -64'd2;
            minstret <= 0;
        end
    end
endmodule
