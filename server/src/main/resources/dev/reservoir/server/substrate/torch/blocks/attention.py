# Bidirectional softmax attention inside each sequence of a packed batch. Vaswani et al. 2017, arXiv 1706.03762.
#
# Letters: N rows of all sequences, T tokens of a sequence, D width, nh attention heads of hs = D / nh numbers. groups
# has a count and a length for each run of sequences of equal length. Modes are those of matmul.py.
#
# Three ways to the same result:
# short (mode 0, up to 128 tokens): batched products; the attention weights are kept for the backward pass.
# long (mode 0): the fused flash kernel, with its own backward; long sequences have too many weights to keep.
# mode 1: the library's choice of kernel forward; the backward pass computes the weights again.

# What attention keeps for its backward pass, of all groups, concatenated.
class Saved(NamedTuple):
  out : Tensor  # [N, D]
  qkv : Tensor  # mode 0, flat: a short group's [3, count nh, T, hs], a long one's [count T, 3 D]; mode 1: [N, 3 D]
  attn : Tensor  # mode 0, flat: a short group's weights [count nh, T, T], a long one's log sums [count T, nh]

# Gradients with respect to queries, keys and values, [N, D] each.
class Grads(NamedTuple):
  q : Tensor
  k : Tensor
  v : Tensor

def is_short(T: int, mode: int) -> bool:
  return mode == 0 and T <= 128

def join(parts: List[Tensor]) -> Tensor:
  if len(parts) == 1:
    return parts[0]
  return torch.cat(parts)

# Queries, keys and values of one group, as views.
def split_heads(qkv: Tensor, count: int, T: int, nh: int) -> Tensor:  # [count T, 3 D] to [3, count, nh, T, hs]
  return qkv.reshape([count, T, 3, nh, qkv.size(1) // 3 // nh]).permute([2, 0, 3, 1, 4])

# The same, laid out alike for one sequence and for many: MKL sums differently for other strides.
def split_heads_packed(qkv: Tensor, count: int, T: int, nh: int) -> Tensor:  # [3, count nh, T, hs]
  return split_heads(qkv, count, T, nh).contiguous().reshape([3, count * nh, T, -1])

def merge_heads(x: Tensor, nh: int) -> Tensor:  # [count nh, T, hs] to [count T, D]
  batch, T, hs = x.size(0), x.size(1), x.size(2)
  return x.reshape([batch // nh, nh, T, hs]).transpose(1, 2).reshape([batch // nh * T, nh * hs])

# factor x y, matrix by matrix.
def scaled_bmm(x: Tensor, y: Tensor, factor: float) -> Tensor:
  return torch.baddbmm(x.new_zeros([1]), x, y, beta=0, alpha=factor)

def attention_weights(q: Tensor, k: Tensor) -> Tensor:  # [count nh, T, hs] each to [count nh, T, T]
  return scaled_bmm(q, k.transpose(1, 2), 1.0 / torch.sqrt(q.size(2))).softmax(-1)

# The forward pass.
def attend(qkv: Tensor, groups: List[int], nh: int, mode: int) -> Tensor:  # [N, 3 D] to [N, D]
  outs = annotate(List[Tensor], [])
  start = 0
  for g in range(len(groups) // 2):
    count, T = groups[2 * g], groups[2 * g + 1]
    end = start + count * T
    if is_short(T, mode):
      q, k, v = split_heads_packed(qkv[start:end], count, T, nh).unbind(0)  # [count nh, T, hs] each
      outs.append(merge_heads(torch.bmm(attention_weights(q, k), v), nh))
    else:
      q, k, v = split_heads(qkv[start:end], count, T, nh).unbind(0)  # [count, nh, T, hs] each
      out = torch.scaled_dot_product_attention(q, k, v)
      outs.append(out.transpose(1, 2).reshape([count * T, -1]))
    start = end
  return join(outs)

# The forward pass, kept for a backward pass.
def attend_traced(qkv: Tensor, groups: List[int], nh: int, mode: int) -> Saved:
  if mode != 0:
    return Saved(attend(qkv, groups, nh, mode), qkv, torch.zeros([0]))
  outs = annotate(List[Tensor], [])
  inputs = annotate(List[Tensor], [])
  attns = annotate(List[Tensor], [])
  start = 0
  for g in range(len(groups) // 2):
    count, T = groups[2 * g], groups[2 * g + 1]
    end = start + count * T
    if is_short(T, mode):
      heads = split_heads_packed(qkv[start:end], count, T, nh)
      attn = attention_weights(heads[0], heads[1])
      outs.append(merge_heads(torch.bmm(attn, heads[2]), nh))
      inputs.append(heads.reshape([-1]))
      attns.append(attn.reshape([-1]))
    else:
      q, k, v = split_heads(qkv[start:end], count, T, nh).unbind(0)
      out, log_sums = torch._scaled_dot_product_flash_attention_for_cpu(q, k, v, 0., False)
      outs.append(out.transpose(1, 2).reshape([count * T, -1]))
      inputs.append(qkv[start:end].reshape([-1]))
      attns.append(log_sums.transpose(1, 2).reshape([-1]))
    start = end
  return Saved(join(outs), join(inputs), join(attns))

# The backward pass of all groups from the gradient with respect to the output of attention, [N, D].
def attend_backward(saved: Saved, grad: Tensor, groups: List[int], nh: int, mode: int) -> Grads:
  D = grad.size(1)
  qs, ks, vs = annotate(List[Tensor], []), annotate(List[Tensor], []), annotate(List[Tensor], [])
  start, used = 0, 0
  for g in range(len(groups) // 2):
    count, T = groups[2 * g], groups[2 * g + 1]
    end = start + count * T
    if mode != 0:
      heads = split_heads_packed(saved.qkv[start:end], count, T, nh)
      grads = short_backward(heads, attention_weights(heads[0], heads[1]), grad[start:end], count)
    elif is_short(T, mode):
      last = used + count * nh * T * T
      heads = saved.qkv[3 * D * start:3 * D * end].reshape([3, count * nh, T, D // nh])
      grads = short_backward(heads, saved.attn[used:last].reshape([count * nh, T, T]), grad[start:end], count)
      used = last
    else:
      last = used + count * T * nh
      qkv = saved.qkv[3 * D * start:3 * D * end].reshape([count * T, 3 * D])
      log_sums = saved.attn[used:last].reshape([count, T, nh]).transpose(1, 2)  # [count, nh, T]
      grads = long_backward(split_heads(qkv, count, T, nh), saved.out[start:end], log_sums, grad[start:end])
      used = last
    qs.append(grads.q)
    ks.append(grads.k)
    vs.append(grads.v)
    start = end
  return Grads(join(qs), join(ks), join(vs))

# The backward pass of one group from its weights. heads [3, count nh, T, hs], attn [count nh, T, T], grad [count T, D].
def short_backward(heads: Tensor, attn: Tensor, grad: Tensor, count: int) -> Grads:
  T, hs = heads.size(2), heads.size(3)
  nh = heads.size(1) // count
  q, k, v = heads.unbind(0)  # [count nh, T, hs] each
  grad = grad.reshape([count, T, nh, hs]).transpose(1, 2).contiguous().reshape([count * nh, T, hs])
  factor = 1.0 / torch.sqrt(hs)
  grad_score = torch._softmax_backward_data(torch.bmm(grad, v.transpose(1, 2)), attn, -1, 6)  # [count nh, T, T]
  grad_q = scaled_bmm(grad_score, k, factor)
  grad_k = scaled_bmm(grad_score.transpose(1, 2), q, factor)
  grad_v = torch.bmm(attn.transpose(1, 2), grad)
  return Grads(merge_heads(grad_q, nh), merge_heads(grad_k, nh), merge_heads(grad_v, nh))

# The backward pass of one group by the fused kernel. heads [3, count, nh, T, hs], out and grad [count T, D].
def long_backward(heads: Tensor, out: Tensor, log_sums: Tensor, grad: Tensor) -> Grads:
  count, nh, T, hs = heads.size(1), heads.size(2), heads.size(3), heads.size(4)
  shape = [count, T, nh, hs]
  q, k, v = heads.unbind(0)
  out = out.reshape(shape).transpose(1, 2)  # [count, nh, T, hs]
  grad = grad.reshape(shape).transpose(1, 2)
  grad_q, grad_k, grad_v = torch._scaled_dot_product_flash_attention_for_cpu_backward(
      grad, q, k, v, out, log_sums, 0., False)
  rows = [count * T, nh * hs]
  return Grads(
      grad_q.transpose(1, 2).reshape(rows), grad_k.transpose(1, 2).reshape(rows), grad_v.transpose(1, 2).reshape(rows))
