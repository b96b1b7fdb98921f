from blocks import attention, matmul, norm

# The frozen BERT encoder, run by libtorch. Devlin et al. 2019, arXiv 1810.04805: post-norm blocks, exact GELU.
#
# Letters: N tokens of all sequences, B sequences, D width, F feed-forward width, S norm slots, G given rows.
# A batch is packed: [N, D], sequences sorted by length; groups has a count and a length for each run of equal lengths.
# Every frozen product sees all N rows, attention runs a group at a time, and no padding row exists. Norms are numbered
# as a pass applies them: the input norm 0, then two of each layer. If slots [B] is not empty, it says for each sequence
# which of the gains and biases [norms, S, D] replace the norms' own.

# A layer's weights as stored: matrices [out, in], packed in mode 0.
class LayerWeights(NamedTuple):
  qkv : Tensor  # [3 D, D]
  qkv_bias : Tensor
  out : Tensor  # [D, D]
  out_bias : Tensor
  up : Tensor  # [F, D]
  up_bias : Tensor
  down : Tensor  # [D, F]
  down_bias : Tensor

# A layer's matrices transposed, [in, out], for the backward pass.
class TransposedWeights(NamedTuple):
  q : Tensor
  k : Tensor
  v : Tensor
  out : Tensor
  up : Tensor
  down : Tensor

# What a layer keeps for its backward pass.
class LayerTrace(NamedTuple):
  attn : attention.Saved
  attn_norm : norm.Normalized
  up : Tensor  # [N, F], before its GELU
  output_norm : norm.Normalized

# A forward pass as far as it got, kept for a backward pass.
class Trace(NamedTuple):
  hidden : Tensor  # [N, D]
  input_norm : norm.Normalized
  layers : List[LayerTrace]

# A backward pass as far as it got: the gradient with respect to the rows of that layer, which is written over, and the
# norms' gradients summed over each sequence, [B, D] for each norm, from the last norm to the first.
class Backward(NamedTuple):
  grad : Tensor  # [N, D]
  gains : List[Tensor]
  biases : List[Tensor]

class Bert(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  mode : int
  nh : int
  eps : float
  table : List[Tensor]
  gains : List[Tensor]
  biases : List[Tensor]
  layers : List[LayerWeights]
  transposed : List[TransposedWeights]

  def setup(self, mode: int, nh: int, eps: float) -> int:
    self.mode = mode
    self.nh = nh
    self.eps = eps
    return 0

  # Word [vocabulary, D], position [positions, D] and token type [types, D] embeddings. Only token type 0 is used.
  def add_embeddings(self, word: Tensor, position: Tensor, types: Tensor, gain: Tensor, bias: Tensor) -> int:
    self.table = [word.clone(), position.clone(), types.clone()]
    self.gains = [gain.clone()]
    self.biases = [bias.clone()]
    return 0

  # Adds a layer: q, k, v, out, up and down as f32 [in, out], stored in bf16 if requested; their biases; then gain and
  # bias of both norms.
  def add_layer(self, matrices: List[Tensor], vectors: List[Tensor], bf16: bool) -> int:
    m = matrices
    b = vectors[0:6]
    if bf16:
      m = [matrix.to(15) for matrix in matrices]
      b = [bias.to(15) for bias in vectors[0:6]]
    qkv = torch.cat([m[0].t(), m[1].t(), m[2].t()])  # [3 D, D]
    layer = LayerWeights(
        matmul.pack(qkv, self.mode), torch.cat([b[0], b[1], b[2]]), matmul.pack(m[3].t(), self.mode), b[3].clone(),
        matmul.pack(m[4].t(), self.mode), b[4].clone(), matmul.pack(m[5].t(), self.mode), b[5].clone())
    gains = [vectors[6].clone(), vectors[8].clone()]
    biases = [vectors[7].clone(), vectors[9].clone()]
    self.gains = self.gains + gains
    self.biases = self.biases + biases
    self.layers = self.layers + [layer]
    return 0

  # Transposes the matrices for backward passes, all or, if that fails, none. Idempotent.
  def prepare_gradients(self) -> int:
    if len(self.transposed) == len(self.layers):
      return 0
    transposed = annotate(List[TransposedWeights], [])
    for layer in self.layers:
      q, k, v = [matmul.pack_transposed(part, self.mode) for part in matmul.unpack(layer.qkv, self.mode).chunk(3)]
      out = matmul.pack_transposed(matmul.unpack(layer.out, self.mode), self.mode)
      up = matmul.pack_transposed(matmul.unpack(layer.up, self.mode), self.mode)
      down = matmul.pack_transposed(matmul.unpack(layer.down, self.mode), self.mode)
      transposed.append(TransposedWeights(q, k, v, out, up, down))
    self.transposed = transposed
    return 0

  # The weight at an index of a fixed order, in f32: word, position and token type embeddings, gain and bias of each
  # norm, then LayerWeights of each layer with matrices as [in, out].
  def weight(self, index: int) -> Tensor:
    norms = 1 + 2 * len(self.layers)
    i = index - 3
    if i < 0:
      return self.table[index].to(6)
    if i < 2 * norms:
      if i % 2 == 0:
        return self.gains[i // 2]
      return self.biases[i // 2]
    layer = self.layers[(i - 2 * norms) // 8]
    part = (i - 2 * norms) % 8
    matrices = [layer.qkv, layer.out, layer.up, layer.down]
    biases = [layer.qkv_bias, layer.out_bias, layer.up_bias, layer.down_bias]
    if part % 2 == 0:
      return matmul.unpack(matrices[part // 2], self.mode).t().to(6).contiguous()
    return biases[part // 2].to(6)

  # Word embeddings of token ids.
  def words(self, tokens: Tensor) -> Tensor:  # [N] to [N, D]
    return self.table[0].index_select(0, tokens)

  # Embedded rows before the input norm, [N, D]. tokens [N] selects word embeddings; given rows [G, D], if any, replace
  # those at the places [G].
  def embed(self, tokens: Tensor, positions: Tensor, given: Tensor, places: Tensor) -> Tensor:
    if given.size(0) == positions.size(0):
      x = given
    else:
      x = self.words(tokens)
      if given.size(0) > 0:
        x = x.index_copy(0, places, given)
    return x + self.table[1].index_select(0, positions) + self.table[2][0]

  # Norm number n with its own gain and bias or with each sequence's, [N, D] to [N, D].
  def norm(self, x: Tensor, n: int, groups: List[int], gains: Tensor, biases: Tensor, slots: Tensor) -> Tensor:
    if slots.size(0) == 0:
      return torch.layer_norm(x, [x.size(1)], self.gains[n], self.biases[n], self.eps)
    x_hat = torch.layer_norm(x, [x.size(1)], None, None, self.eps)
    return norm.scale(x_hat, gains[n], biases[n], groups, slots)

  # Hidden states [N, D].
  def forward(self, tokens: Tensor, positions: Tensor, given: Tensor, places: Tensor, groups: List[int],
              gains: Tensor, biases: Tensor, slots: Tensor) -> Tensor:
    hidden = self.enter(tokens, positions, given, places, groups, gains, biases, slots)
    for l in range(len(self.layers)):
      hidden = self.layer(hidden, l, groups, gains, biases, slots)
    return hidden

  # The input of the first layer, [N, D].
  def enter(self, tokens: Tensor, positions: Tensor, given: Tensor, places: Tensor, groups: List[int],
            gains: Tensor, biases: Tensor, slots: Tensor) -> Tensor:
    return self.norm(self.embed(tokens, positions, given, places), 0, groups, gains, biases, slots)

  # One layer, [N, D] to [N, D].
  def layer(self, hidden: Tensor, l: int, groups: List[int], gains: Tensor, biases: Tensor, slots: Tensor) -> Tensor:
    w = self.layers[l]
    qkv = matmul.linear(hidden, w.qkv, w.qkv_bias, self.mode)  # [N, 3 D]
    attn = attention.attend(qkv, groups, self.nh, self.mode)  # [N, D]
    hidden = matmul.add_linear(hidden, attn, w.out, w.out_bias, self.mode)
    hidden = self.norm(hidden, 2 * l + 1, groups, gains, biases, slots)
    up = matmul.linear(hidden, w.up, w.up_bias, self.mode)  # [N, F]
    hidden = matmul.add_linear_wide(hidden, up.gelu_(), w.down, w.down_bias, self.mode)
    return self.norm(hidden, 2 * l + 2, groups, gains, biases, slots)

  # A forward pass over given rows [N, D] with norms by slot, kept for a backward pass.
  def trace(self, positions: Tensor, given: Tensor, groups: List[int],
            gains: Tensor, biases: Tensor, slots: Tensor) -> Trace:
    trace = self.trace_input(positions, given, groups, gains, biases, slots)
    for l in range(len(self.layers)):
      trace = self.trace_layer(trace, l, groups, gains, biases, slots)
    return trace

  def trace_input(self, positions: Tensor, given: Tensor, groups: List[int],
                  gains: Tensor, biases: Tensor, slots: Tensor) -> Trace:
    x = given + self.table[1].index_select(0, positions) + self.table[2][0]
    input_norm = norm.normalize(x, self.eps)
    hidden = norm.scale(input_norm.x_hat, gains[0], biases[0], groups, slots)
    return Trace(hidden, input_norm, annotate(List[LayerTrace], []))

  def trace_layer(self, trace: Trace, l: int, groups: List[int], gains: Tensor, biases: Tensor, slots: Tensor) -> Trace:
    w = self.layers[l]
    hidden = trace.hidden
    qkv = matmul.linear_f32(hidden, w.qkv, w.qkv_bias, self.mode)  # [N, 3 D]
    attn = attention.attend_traced(qkv, groups, self.nh, self.mode)
    hidden = matmul.add_linear(hidden, attn.out, w.out, w.out_bias, self.mode)
    attn_norm = norm.normalize(hidden, self.eps)
    hidden = norm.scale(attn_norm.x_hat, gains[2 * l + 1], biases[2 * l + 1], groups, slots)
    up = matmul.linear_f32(hidden, w.up, w.up_bias, self.mode)  # [N, F]
    hidden = matmul.add_linear_wide(hidden, up.gelu(), w.down, w.down_bias, self.mode)
    output_norm = norm.normalize(hidden, self.eps)
    hidden = norm.scale(output_norm.x_hat, gains[2 * l + 2], biases[2 * l + 2], groups, slots)
    return Trace(hidden, trace.input_norm, trace.layers + [LayerTrace(attn, attn_norm, up, output_norm)])

  def traced_hidden(self, trace: Trace) -> Tensor:
    return trace.hidden

  # The backward pass from the gradient with respect to the hidden states [N, D], to the gradients with respect to the
  # given rows [N, D], the gains and the biases [S, norms, D].
  def gradients(self, trace: Trace, grad: Tensor, groups: List[int], gains: Tensor, slots: Tensor) -> List[Tensor]:
    state = self.backward_begin(grad.clone())
    for back in range(len(self.layers)):
      state = self.backward_layer(trace, state, len(self.layers) - 1 - back, groups, gains, slots)
    return self.backward_input(trace, state, groups, gains, slots)

  def backward_begin(self, grad: Tensor) -> Backward:
    return Backward(grad, annotate(List[Tensor], []), annotate(List[Tensor], []))

  def backward_layer(self, trace: Trace, state: Backward, l: int, groups: List[int], gains: Tensor,
                     slots: Tensor) -> Backward:
    saved = trace.layers[l]
    w = self.transposed[l]
    output = self.backward_norm(state, 2 * l + 2, saved.output_norm, groups, gains, slots)
    grad_up = matmul.linear_f32(output.grad, w.down, None, self.mode)  # [N, F]
    grad_up = torch.gelu_backward(grad_up, saved.up, grad_input=grad_up)
    grad = matmul.add_linear_wide(output.grad, grad_up, w.up, None, self.mode)  # [N, D]
    attn = Backward(grad, output.gains, output.biases)
    attn = self.backward_norm(attn, 2 * l + 1, saved.attn_norm, groups, gains, slots)
    grad_out = matmul.linear_f32(attn.grad, w.out, None, self.mode)
    grads = attention.attend_backward(saved.attn, grad_out, groups, self.nh, self.mode)
    grad = matmul.add_linear(attn.grad, grads.q, w.q, None, self.mode)
    grad = matmul.add_linear(grad, grads.k, w.k, None, self.mode)
    grad = matmul.add_linear(grad, grads.v, w.v, None, self.mode)
    return Backward(grad, attn.gains, attn.biases)

  def backward_input(self, trace: Trace, state: Backward, groups: List[int], gains: Tensor,
                     slots: Tensor) -> List[Tensor]:
    state = self.backward_norm(state, 0, trace.input_norm, groups, gains, slots)
    grad_gains = norm.sum_per_slot(state.gains, gains, slots)
    return [state.grad, grad_gains, norm.sum_per_slot(state.biases, gains, slots)]

  # The backward pass of norm number n.
  def backward_norm(self, state: Backward, n: int, saved: norm.Normalized, groups: List[int], gains: Tensor,
                    slots: Tensor) -> Backward:
    grad_gain = norm.sum_per_sequence(state.grad * saved.x_hat, groups)  # [B, D]
    grad_bias = norm.sum_per_sequence(state.grad, groups)
    grad = norm.scale(state.grad, gains[n], None, groups, slots)
    return Backward(norm.normalize_backward(grad, saved), state.gains + [grad_gain], state.biases + [grad_bias])

  # The position of each row in its sequence, [N], for sequences of these lengths one after the other; on the device of
  # like.
  def positions_of(self, lengths: List[int], like: Tensor) -> Tensor:
    positions = annotate(List[Tensor], [])
    for length in lengths:
      ones = like.new_zeros([length]).to(4) + 1  # int64
      positions.append(ones.cumsum(0) - 1)
    return torch.cat(positions)

  # A count and a length for each run of equal lengths.
  def groups_of(self, lengths: List[int]) -> List[int]:
    groups = annotate(List[int], [])
    for length in lengths:
      if len(groups) > 0 and groups[-1] == length:
        groups[-2] += 1
      else:
        groups.append(1)
        groups.append(length)
    return groups

  # Hidden states [N, D] of token ids [N]: sequences of these lengths one after the other, in any order.
  def encode(self, tokens: Tensor, lengths: List[int]) -> Tensor:
    none = self.table[0].new_zeros([0])
    return self.encode_rows(self.words(tokens), lengths, none, none)

  # The same for rows [N, D] in place of words. gains and biases [norms, 1, D] replace the norms' own, or are empty.
  def encode_rows(self, given: Tensor, lengths: List[int], gains: Tensor, biases: Tensor) -> Tensor:
    positions = self.positions_of(lengths, given)
    none = positions[0:0]
    slots = none
    if gains.numel() > 0:
      slots = torch.zeros_like(positions)[0:len(lengths)]
    return self.forward(none, positions, given, none, self.groups_of(lengths), gains, biases, slots)
