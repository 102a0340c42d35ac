// The control registers by Wishbone: classic cycles, one after the other.
module tb_registers #(parameter BITS = 8) (
  input clk,
  output reg cyc, output stb, output reg we, output reg [BITS-3:0] adr, output [3:0] sel,
  output reg [31:0] dat_w, input [31:0] dat_r, input ack, input err
);
  assign stb = cyc;
  assign sel = 15;
  initial {cyc, we, adr, dat_w} = 0;
  task write(input [31:0] offset, input [31:0] value);
    begin
      adr <= offset >> 2;
      dat_w <= value;
      {cyc, we} <= 2'b11;
      @(posedge clk);
      while (!(cyc && (ack || err))) @(posedge clk);
      cyc <= 0;
      @(posedge clk);
    end
  endtask
  task read(input [31:0] offset, output [31:0] value);
    begin
      adr <= offset >> 2;
      {cyc, we} <= 2'b10;
      @(posedge clk);
      while (!(cyc && (ack || err))) @(posedge clk);
      value = ack ? dat_r : 32'bx;
      cyc <= 0;
      @(posedge clk);
    end
  endtask
endmodule
