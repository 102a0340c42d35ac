// Memory behind classic cycles: it holds the images of a file to read.
module tb_wishbone_read #(
  parameter NUMBER = 0, BYTES = 8, WORDS = 1, NAME = "", FILE = "",
  parameter [63:0] BASE = 0
) (
  input clk, input cyc, input stb, input we, input [63:0] adr, output reg [8*BYTES-1:0] dat_r,
  output reg ack, output err, output reg failed
);
  reg [8*BYTES-1:0] words [0:WORDS-1];
  initial begin
    ack = 0;
    failed = 0;
    $readmemh(FILE, words);
  end
  wire open;
  wire [63:0] at = adr - BASE / BYTES;
  tb_pause #(NUMBER) pause (clk, open);
  assign err = 0;
  always @(posedge clk) begin
    ack <= cyc && stb && !ack && open;
    dat_r <= at < WORDS ? words[at] : {8*BYTES{1'bx}};
    if (cyc && stb && (we !== 0 || at >= WORDS) && !failed) begin
      failed <= 1;
      $display("port %0s: no such read: word %h", NAME, adr);
    end
  end
endmodule
