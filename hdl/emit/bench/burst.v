// What every burst must be: of whole words, rising, in one page, in the image of a launch.
module tb_burst #(parameter NAME = "", BYTES = 8, WORDS = 1, parameter [63:0] BASE = 0) (
  input clk, input valid, input ready, input [63:0] addr, input [7:0] len, input [2:0] size,
  input [1:0] burst, output reg failed
);
  initial failed = 0;
  reg kept = 0;
  reg [71:0] last = 0;
  wire [63:0] end_of = addr + (len + 64'd1) * BYTES;
  always @(posedge clk) begin
    kept <= valid && !ready;
    last <= {addr, len};
    if (kept && (!valid || {addr, len} !== last) && !failed) begin
      failed <= 1;
      $display("port %0s: a burst was taken back", NAME);
    end
    if (valid && !failed && (addr < BASE || end_of > BASE + WORDS * BYTES
        || addr[63:12] != (end_of - 64'd1) >> 12 || (1 << size) != BYTES || burst != 1
        || addr % BYTES != 0)) begin
      failed <= 1;
      $display("port %0s: no such burst: address %h, length %0d", NAME, addr, len + 1);
    end
  end
endmodule
