// Takes beats, and compares them with those of a file where the mask of another has ones.
module tb_sink #(
  parameter NUMBER = 0, LANES = 1, BITS = 1, WIDTH = 1, BEATS = 1,
  NAME = "", FILE = "", MASK = ""
) (
  input clk, input started, input valid, output ready, input [WIDTH-1:0] payload,
  output reg failed
);
  reg [WIDTH-1:0] wanted [0:BEATS-1];
  reg [WIDTH-1:0] mask [0:BEATS-1];
  initial begin
    failed = 0;
    $readmemh(FILE, wanted);
    $readmemh(MASK, mask);
  end
  integer count = 0, lane;
  reg kept = 0;
  reg [WIDTH-1:0] last = 0;
  wire open;
  tb_pause #(NUMBER) pause (clk, open);
  assign ready = started && open && count < BEATS;
  wire [WIDTH-1:0] due = wanted[count < BEATS ? count : 0];
  wire [WIDTH-1:0] used = mask[count < BEATS ? count : 0];
  always @(posedge clk) begin
    if (kept && (!valid || payload !== last) && !failed) begin
      failed <= 1;
      $display("port %0s, beat %0d: changed before it was taken", NAME, count);
    end
    kept <= started && valid && !ready;
    last <= payload;
    if (valid && ready) begin
      count <= count + 1;
      if ((payload & used) !== (due & used) && !failed) begin
        failed <= 1;
        if (WIDTH > LANES * BITS)
          $display("port %0s, beat %0d: expected %h, got %h", NAME, count, due & used,
            payload & used);
        for (lane = 0; lane < LANES; lane = lane + 1)
          if ((payload[lane * BITS +: BITS] & used[lane * BITS +: BITS])
              !== (due[lane * BITS +: BITS] & used[lane * BITS +: BITS]))
            $display("port %0s, beat %0d, lane %0d: expected %h, got %h", NAME, count, lane,
              due[lane * BITS +: BITS], payload[lane * BITS +: BITS]);
      end
    end
  end
endmodule
