// One multiplier of an iCE40 UP5K with its adder: the product, with LATE that of a clock ago, and what is added to it now.
`default_nettype none
module hard_product #(parameter SIGNED = 0, parameter LATE = 0) (
    input  wire        clk,
    input  wire [15:0] a, b,
    input  wire [31:0] add,
    input  wire        carry_in,
    output wire [31:0] sum,
    output wire        carry
);
    SB_MAC16 #(
        .A_SIGNED(SIGNED), .B_SIGNED(SIGNED), .A_REG(0), .B_REG(0), .C_REG(0), .D_REG(0), .TOP_8x8_MULT_REG(LATE),
        .BOT_8x8_MULT_REG(LATE), .PIPELINE_16x16_MULT_REG1(LATE), .PIPELINE_16x16_MULT_REG2(0), .TOPOUTPUT_SELECT(0),
        .BOTOUTPUT_SELECT(0), .TOPADDSUB_UPPERINPUT(1), .TOPADDSUB_LOWERINPUT(2), .TOPADDSUB_CARRYSELECT(3),
        .BOTADDSUB_UPPERINPUT(1), .BOTADDSUB_LOWERINPUT(2), .BOTADDSUB_CARRYSELECT(3)
    ) mac (
        .CLK(clk), .CE(1'b1), .A(a), .B(b), .C(add[31:16]), .D(add[15:0]), .CI(carry_in), .O(sum), .CO(carry),
        .AHOLD(1'b0), .BHOLD(1'b0), .CHOLD(1'b0), .DHOLD(1'b0), .IRSTTOP(1'b0), .IRSTBOT(1'b0), .ORSTTOP(1'b0), .ORSTBOT(1'b0),
        .OLOADTOP(1'b0), .OLOADBOT(1'b0), .ADDSUBTOP(1'b0), .ADDSUBBOT(1'b0), .OHOLDTOP(1'b0), .OHOLDBOT(1'b0),
        .ACCUMCI(1'b0), .SIGNEXTIN(1'b0)
    );
endmodule
