# One bare matrix product, repeated, to measure what this processor can do: x [rows, in] times weight^T [in, out].
#
# kind 0: torch.linear in f32. kind 1: oneDNN's packed product in f32. kind 2: torch.linear in bf16.
# Types by their numbers: 15 is bf16.
class Program(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  x : List[Tensor]
  weight : List[Tensor]
  result : List[Tensor]

  # Draws the operands of the products that follow.
  def prepare(self, kind: int, rows: int, inner: int, outer: int) -> int:
    x = torch.rand([rows, inner])  # [rows, in]
    weight = torch.rand([outer, inner])  # [out, in]
    if kind == 1:
      weight = ops.mkldnn._reorder_linear_weight(weight, None)
    elif kind == 2:
      x = x.to(15)
      weight = weight.to(15)
    self.x = [x]
    self.weight = [weight]
    return 0

  # Multiplies them this often. The result is kept, so that no product can be left out.
  def repeat(self, kind: int, loops: int) -> int:
    x = self.x[0]
    weight = self.weight[0]
    none = annotate(List[Optional[number]], [])
    for _ in range(loops):
      if kind == 1:
        y = ops.mkldnn._linear_pointwise(x, weight, None, "none", none, "")  # [rows, out]
      else:
        y = torch.linear(x, weight)
      self.result = [y]
    return 0
