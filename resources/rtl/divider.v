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
    // The divisor is taken off by adding it where it is negative, and its complement and one where it is not.
    reg [31:0] quotient, addend;
    reg        add_one;
    reg [31:0] rest;  // below the divisor's magnitude
    reg [5:0]  left;
    reg        negative_quotient, negative_rest, want_rest;
    wire [32:0] shifted = {rest, quotient[31]};
    wire [33:0] difference = {1'b0, shifted} + {2'b01, addend} + {33'b0, add_one};
    wire fits = difference[33];

    // One negation, of the dividend at the start and of the result at the end.
    wire [31:0] value = start ? a : want_rest ? rest : quotient;
    wire negate = start ? is_signed && a[31] : want_rest ? negative_rest : negative_quotient;
    assign result = (value ^ {32{negate}}) + {31'b0, negate};
    always @(posedge clk) begin
        if (reset) left <= 0;
        else if (start) begin
            quotient <= result;
            addend   <= is_signed && b[31] ? b : ~b;
            add_one  <= !(is_signed && b[31]);
            rest     <= 0;
            left     <= 33;
            negative_quotient <= is_signed && a[31] != b[31] && b != 0;
            negative_rest     <= is_signed && a[31];
            want_rest         <= funct[1];
        end else if (left != 0) begin
            left <= left - 1;
            if (left != 1) begin
                rest     <= fits ? difference[31:0] : shifted[31:0];
                quotient <= {quotient[30:0], fits};
            end
        end
    end
    assign done = left == 1;
endmodule
