from blocks import attention

# The attention of a training pass by itself, forward and backward, to time it.
class AttentionParts(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # qkv [N, 3 D], grad [N, D], nh attention heads, in the mode of packed f32 products.
  def run(self, qkv: Tensor, grad: Tensor, groups: List[int], nh: int) -> Tensor:
    saved = attention.attend_traced(qkv, groups, nh, 0)
    return attention.attend_backward(saved, grad, groups, nh, 0).q
