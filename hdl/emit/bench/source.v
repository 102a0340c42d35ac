// Offers the beats of a file, one after the other.
module tb_source #(parameter NUMBER = 0, WIDTH = 1, BEATS = 1, FILE = "") (
  input clk, input started, output valid, input ready, output [WIDTH-1:0] payload
);
  reg [WIDTH-1:0] beats [0:BEATS-1];
  initial $readmemh(FILE, beats);
  integer count = 0;
  reg held = 0;
  wire open;
  tb_pause #(NUMBER) pause (clk, open);
  assign valid = started && count < BEATS && (held || open);
  assign payload = valid ? beats[count] : {WIDTH{1'bx}};
  always @(posedge clk) begin
    held <= valid && !ready;
    if (valid && ready) count <= count + 1;
  end
endmodule
