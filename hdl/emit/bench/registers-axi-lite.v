// The control registers by AXI4-Lite: one access after the other.
module tb_registers #(parameter BITS = 8) (
  input clk,
  output reg [BITS-1:0] awaddr, output [2:0] awprot, output reg awvalid, input awready,
  output reg [31:0] wdata, output [3:0] wstrb, output reg wvalid, input wready,
  input [1:0] bresp, input bvalid, output reg bready,
  output reg [BITS-1:0] araddr, output [2:0] arprot, output reg arvalid, input arready,
  input [31:0] rdata, input [1:0] rresp, input rvalid, output reg rready
);
  reg asked, given, answered;
  assign awprot = 0;
  assign arprot = 0;
  assign wstrb = 15;
  initial {awvalid, wvalid, bready, arvalid, rready, awaddr, wdata, araddr} = 0;
  task write(input [31:0] offset, input [31:0] value);
    begin
      awaddr <= offset;
      wdata <= value;
      {awvalid, wvalid, bready} <= 3'b111;
      {asked, given, answered} = 0;
      while (!answered) begin
        @(posedge clk);
        if (awvalid && awready) awvalid <= 0;
        if (wvalid && wready) wvalid <= 0;
        if (bvalid && bready) begin
          bready <= 0;
          answered = 1;
        end
      end
    end
  endtask
  task read(input [31:0] offset, output [31:0] value);
    begin
      araddr <= offset;
      {arvalid, rready} <= 2'b11;
      answered = 0;
      while (!answered) begin
        @(posedge clk);
        if (arvalid && arready) arvalid <= 0;
        if (rvalid && rready) begin
          value = rresp == 0 ? rdata : 32'bx;
          rready <= 0;
          answered = 1;
        end
      end
    end
  endtask
endmodule
