// x0..x31 with three read ports (rs1, rs2, and rd for instructions that accumulate) and one write port. Each read port is a
// block RAM of its own: the address is taken at the clock edge and the value is available in the next cycle. A register that is written
// at the same edge comes out as anything; core.v forwards it. x0 is never written and holds zero from the start.
`default_nettype none
module registers (
    input  wire        clk,
    input  wire        read,
    input  wire [4:0]  a1, a2, a3,
    output reg  [31:0] q1, q2, q3,
    input  wire        write,
    input  wire [4:0]  wa,
    input  wire [31:0] wd
);
    reg [31:0] bank1 [0:31];
    reg [31:0] bank2 [0:31];
    reg [31:0] bank3 [0:31];
    integer i;
    initial for (i = 0; i < 32; i = i + 1) begin
        bank1[i] = 0; bank2[i] = 0; bank3[i] = 0;
    end
    always @(posedge clk) begin
        if (write) begin
            bank1[wa] <= wd; bank2[wa] <= wd; bank3[wa] <= wd;
        end
        if (read) begin
            q1 <= write && wa == a1 ? 32'bx : bank1[a1];
            q2 <= write && wa == a2 ? 32'bx : bank2[a2];
            q3 <= write && wa == a3 ? 32'bx : bank3[a3];
        end
    end
endmodule
