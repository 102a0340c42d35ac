// Memory that takes writes; its image is compared with those of a file.
module tb_axi4_write #(
  parameter NUMBER = 0, BYTES = 8, WORDS = 1, NAME = "", FILE = "", MASK = "",
  parameter [63:0] BASE = 0
) (
  input clk, input awid, input [63:0] awaddr, input [7:0] awlen, input [2:0] awsize,
  input [1:0] awburst, input awvalid, output awready,
  input [8*BYTES-1:0] wdata, input [BYTES-1:0] wstrb, input wlast, input wvalid, output wready,
  output bid, output [1:0] bresp, output bvalid, input bready, output failed
);
  reg [63:0] first [0:3];
  reg [7:0] length [0:3];
  integer asked = 0, written = 0, answered = 0;
  reg [7:0] at = 0;
  reg held = 0, late = 0;
  wire open_aw, open_w, open_b, wrong;
  tb_pause #(3 * NUMBER) pause_aw (clk, open_aw);
  tb_pause #(3 * NUMBER + 1) pause_w (clk, open_w);
  tb_pause #(3 * NUMBER + 2) pause_b (clk, open_b);
  tb_burst #(NAME, BYTES, WORDS, BASE) check_burst
    (clk, awvalid, awready, awaddr, awlen, awsize, awburst, wrong);
  tb_image #(BYTES, WORDS) image ();
  initial begin
    image.fill;
    $readmemh(FILE, image.wanted);
    $readmemh(MASK, image.mask);
  end
  assign failed = wrong || late;
  assign awready = open_aw && asked - written < 4;
  assign wready = open_w && written != asked;
  assign bvalid = answered != written && (held || open_b);
  assign bid = 0;
  assign bresp = 0;
  always @(posedge clk) begin
    held <= bvalid && !bready;
    if (awvalid && awready) begin
      first[asked & 3] <= (awaddr - BASE) / BYTES;
      length[asked & 3] <= awlen;
      asked <= asked + 1;
    end
    if (wvalid && wready) begin
      image.write(first[written & 3] + at, wstrb, wdata);
      if (wlast !== (at == length[written & 3]) && !late) begin
        late <= 1;
        $display("port %0s: `wlast` at the wrong word of a burst", NAME);
      end
      at <= at == length[written & 3] ? 0 : at + 1;
      if (at == length[written & 3]) written <= written + 1;
    end
    if (bvalid && bready) answered <= answered + 1;
  end
endmodule
