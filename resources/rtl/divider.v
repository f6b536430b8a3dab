// div, divu, rem, remu: one bit a cycle on magnitudes. `start` for one cycle with the operands, `done` 33 cycles later with
// the result. Division by zero and the overflow of -2^31 / -1 come out as the manual wants them.
`default_nettype none
module divider (
    input  wire        clk, reset,
    input  wire        start,
    input  wire [31:0] a, b,
    input  wire [1:0]  funct,  // 0 div, 1 divu, 2 rem, 3 remu
    output wire        done,
    output wire [31:0] result
);
    wire is_signed = !funct[0];
    reg [31:0] quotient, divisor;
    reg [32:0] rest;
    reg [5:0]  left;
    reg        negative_quotient, negative_rest, want_rest;
    wire [32:0] shifted = {rest[31:0], quotient[31]};
    wire [32:0] difference = shifted - {1'b0, divisor};
    always @(posedge clk) begin
        if (reset) left <= 0;
        else if (start) begin
            quotient <= is_signed && a[31] ? -a : a;
            divisor  <= is_signed && b[31] ? -b : b;
            rest     <= 0;
            left     <= 33;
            negative_quotient <= is_signed && a[31] != b[31] && b != 0;
            negative_rest     <= is_signed && a[31];
            want_rest         <= funct[1];
        end else if (left != 0) begin
            left <= left - 1;
            if (left != 1) begin
                rest     <= difference[32] ? shifted : difference;
                quotient <= {quotient[30:0], !difference[32]};
            end
        end
    end
    assign done = left == 1;
    wire [31:0] value = want_rest ? rest[31:0] : quotient;
    assign result = (want_rest ? negative_rest : negative_quotient) ? -value : value;
endmodule
