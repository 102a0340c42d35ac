// Whether a port is open in a cycle: closed in `+stall=P` of 100, by a pattern of `+seed=S`.
module tb_pause #(parameter NUMBER = 0) (input clk, output reg open);
  integer stall, seed;
  initial begin
    open = 1;
    if (!$value$plusargs("stall=%d", stall)) stall = 0;
    if (!$value$plusargs("seed=%d", seed)) seed = 1;
    seed = seed + 7919 * NUMBER;
  end
  always @(posedge clk) open <= $unsigned($random(seed)) % 100 >= stall;
endmodule
