# One bare matrix product, repeated, to time what this processor can do: [rows, in] times [in, out].
# kind 0: torch.linear in f32. kind 1: oneDNN's packed product in f32. kind 2: torch.linear in bf16.
class Program(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  x : List[Tensor]
  weight : List[Tensor]
  result : List[Tensor]

  def prepare(self, kind: int, rows: int, inner: int, outer: int) -> int:
    x = torch.rand([rows, inner])
    weight = torch.rand([outer, inner])
    if kind == 1:
      weight = ops.mkldnn._reorder_linear_weight(weight, None)
    elif kind == 2:
      x = torch.to(x, 15)
      weight = torch.to(weight, 15)
    self.x = [x]
    self.weight = [weight]
    return 0

  def repeat(self, kind: int, loops: int) -> int:
    x = self.x[0]
    weight = self.weight[0]
    none = annotate(List[Optional[number]], [])
    for _0 in range(loops):
      if kind == 1:
        y = ops.mkldnn._linear_pointwise(x, weight, None, "none", none, "")
      else:
        y = torch.linear(x, weight)
      self.result = [y]
    return 0
