// Words that are written, and what they are to be: bytes that nobody writes stay `aa`.
module tb_image #(parameter BYTES = 8, WORDS = 1) ();
  reg [8*BYTES-1:0] words [0:WORDS-1];
  reg [8*BYTES-1:0] wanted [0:WORDS-1];
  reg [8*BYTES-1:0] mask [0:WORDS-1];
  integer number;
  task fill;
    for (number = 0; number < WORDS; number = number + 1) begin
      words[number] = {BYTES{8'haa}};
      wanted[number] = {BYTES{8'haa}};
      mask[number] = {8*BYTES{1'b1}};
    end
  endtask
  task write(input [63:0] at, input [BYTES-1:0] strobe, input [8*BYTES-1:0] data);
    integer lane;
    for (lane = 0; lane < BYTES; lane = lane + 1)
      if (strobe[lane]) words[at][8 * lane +: 8] = data[8 * lane +: 8];
  endtask
  // Compares the words of a launch, from `low` to below `high`; the first wrong one is told.
  task check(input integer low, input integer high, inout failed);
    integer at;
    for (at = low; at < high; at = at + 1)
      if ((words[at] & mask[at]) !== (wanted[at] & mask[at]) && !failed) begin
        failed = 1;
        $display("word %0d of the image: expected %h, got %h", at - low,
          wanted[at] & mask[at], words[at] & mask[at]);
      end
  endtask
endmodule
