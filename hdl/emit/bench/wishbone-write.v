// Memory that takes writes by classic cycles.
module tb_wishbone_write #(
  parameter NUMBER = 0, BYTES = 8, WORDS = 1, NAME = "", FILE = "", MASK = "",
  parameter [63:0] BASE = 0
) (
  input clk, input cyc, input stb, input we, input [63:0] adr, input [BYTES-1:0] sel,
  input [8*BYTES-1:0] dat_w, output reg ack, output err, output reg failed
);
  initial begin
    ack = 0;
    failed = 0;
  end
  wire open;
  wire [63:0] at = adr - BASE / BYTES;
  tb_pause #(NUMBER) pause (clk, open);
  tb_image #(BYTES, WORDS) image ();
  initial begin
    image.fill;
    $readmemh(FILE, image.wanted);
    $readmemh(MASK, image.mask);
  end
  assign err = 0;
  always @(posedge clk) begin
    ack <= cyc && stb && !ack && open;
    if (cyc && stb && !ack && open && at < WORDS) image.write(at, sel, dat_w);
    if (cyc && stb && (we !== 1 || at >= WORDS) && !failed) begin
      failed <= 1;
      $display("port %0s: no such write: word %h", NAME, adr);
    end
  end
endmodule
