# LayerNorm whose gain and bias may differ from sequence to sequence. Ba et al. 2016, arXiv 1607.06450.
#
# Letters: N rows of all sequences, B sequences, T tokens of a sequence, D width, S slots. groups has a count and a
# length for each run of sequences of equal length; slots [B] has the slot of each sequence.

# What a norm keeps for its backward pass.
class Normalized(NamedTuple):
  x_hat : Tensor  # [N, D]
  rstd : Tensor  # [N, 1]

def normalize(x: Tensor, eps: float) -> Normalized:
  x_hat, mean, rstd = torch.native_layer_norm(x, [x.size(1)], None, None, eps)
  return Normalized(x_hat, rstd)

# x [N, D] times the gain [S, D] of its sequence's slot, plus the bias if there is one; without one x is written over.
def scale(x: Tensor, gain: Tensor, bias: Optional[Tensor], groups: List[int], slots: Tensor) -> Tensor:  # [N, D]
  D = x.size(1)
  y = x
  gains = gain.index_select(0, slots).unsqueeze(1)  # [B, 1, D]
  biases = gains
  if bias is not None:
    y = torch.empty_like(x)
    biases = bias.index_select(0, slots).unsqueeze(1)
  sequence, start = 0, 0
  for g in range(len(groups) // 2):
    count, T = groups[2 * g], groups[2 * g + 1]
    last, end = sequence + count, start + count * T
    rows = x[start:end].reshape([count, T, D])
    out = y[start:end].reshape([count, T, D])
    if bias is None:
      done = torch.mul(rows, gains[sequence:last], out=out)
    else:
      done = torch.addcmul(biases[sequence:last], rows, gains[sequence:last], value=1, out=out)
    sequence, start = last, end
  return y

# The gradient with respect to x [N, D] of normalize(x), from that with respect to x_hat. The fused backward normalizes
# its input again; x_hat has mean 0 and deviation 1 already, and the result is divided by the original deviation.
def normalize_backward(grad: Tensor, saved: Normalized) -> Tensor:  # [N, D]
  mean = torch.zeros_like(saved.rstd)
  rstd = torch.ones_like(saved.rstd)
  mask = [True, False, False]
  grad_x, grad_gain, grad_bias = torch.native_layer_norm_backward(
      grad, saved.x_hat, [grad.size(1)], mean, rstd, None, None, mask)
  return grad_x.mul_(saved.rstd)

def sum_per_sequence(x: Tensor, groups: List[int]) -> Tensor:  # [N, D] to [B, D]
  sums = annotate(List[Tensor], [])
  start = 0
  for g in range(len(groups) // 2):
    count, T = groups[2 * g], groups[2 * g + 1]
    end = start + count * T
    sums.append(x[start:end].reshape([count, T, -1]).sum([1]))  # [count, D]
    start = end
  return torch.cat(sums)

# Sums of each slot's sequences, [S, norms, D]. per_norm has [B, D] for each norm, from the last norm to the first;
# gains [norms, S, D] has the sizes.
def sum_per_slot(per_norm: List[Tensor], gains: Tensor, slots: Tensor) -> Tensor:
  stacked = torch.stack(per_norm, 1).flip([1])  # [B, norms, D]
  sums = torch.zeros([gains.size(1), gains.size(0), gains.size(2)]).to(stacked)
  return sums.index_add(0, slots, stacked)
