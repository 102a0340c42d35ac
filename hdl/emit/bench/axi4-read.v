// Memory that answers reads: it holds the images of a file.
module tb_axi4_read #(
  parameter NUMBER = 0, BYTES = 8, WORDS = 1, NAME = "", FILE = "",
  parameter [63:0] BASE = 0
) (
  input clk, input arid, input [63:0] araddr, input [7:0] arlen, input [2:0] arsize,
  input [1:0] arburst, input arvalid, output arready,
  output rid, output [8*BYTES-1:0] rdata, output [1:0] rresp, output rlast, output rvalid,
  input rready, output failed
);
  reg [8*BYTES-1:0] words [0:WORDS-1];
  initial $readmemh(FILE, words);
  reg [63:0] first [0:3];
  reg [7:0] length [0:3];
  integer asked = 0, served = 0;
  reg [7:0] at = 0;
  reg held = 0;
  wire open_ar, open_r;
  tb_pause #(2 * NUMBER) pause_ar (clk, open_ar);
  tb_pause #(2 * NUMBER + 1) pause_r (clk, open_r);
  tb_burst #(NAME, BYTES, WORDS, BASE) check
    (clk, arvalid, arready, araddr, arlen, arsize, arburst, failed);
  assign arready = open_ar && asked - served < 4;
  assign rvalid = served != asked && (held || open_r);
  assign rid = 0;
  assign rresp = 0;
  assign rlast = at == length[served & 3];
  assign rdata = rvalid ? words[first[served & 3] + at] : {8*BYTES{1'bx}};
  always @(posedge clk) begin
    held <= rvalid && !rready;
    if (arvalid && arready) begin
      first[asked & 3] <= (araddr - BASE) / BYTES;
      length[asked & 3] <= arlen;
      asked <= asked + 1;
    end
    if (rvalid && rready) begin
      at <= rlast ? 0 : at + 1;
      if (rlast) served <= served + 1;
    end
  end
endmodule
