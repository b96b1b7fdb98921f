# The frozen BERT encoder, run by libtorch. Devlin et al. 2019, arXiv 1810.04805: post-norm blocks, exact GELU.
#
# Letters: N tokens of all sequences, D width, S norm slots, G given rows.
# A batch is packed: [N, D], sequences sorted by length; groups holds a count and a length for each run of equal
# lengths. Every frozen product sees all N rows; attention runs a group at a time. No padding row exists.
#
# mode 0: f32 on processors, by oneDNN with packed weights. A row's result must not depend on how many rows there are.
#         That holds of its linear product where the inner width is D; where it is the feed-forward one the inner sum is
#         cut one way for up to 80 rows and another way for more. So a product of that inner width takes at most 80 rows.
# mode 1: torch.linear in the weights' own type; spare is the least number of rows that it is given.
class Program(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  mode : int
  layers : int
  heads : int
  spare : int
  eps : float
  table : List[Tensor]
  gains : List[Tensor]
  biases : List[Tensor]
  qkv : List[Tensor]
  qkv_bias : List[Tensor]
  out : List[Tensor]
  out_bias : List[Tensor]
  up : List[Tensor]
  up_bias : List[Tensor]
  down : List[Tensor]
  down_bias : List[Tensor]
  qkv_back : List[Tensor]
  out_back : List[Tensor]
  up_back : List[Tensor]
  down_back : List[Tensor]

  def setup(self: __torch__.Program, mode: int, layers: int, heads: int, spare: int, eps: float) -> int:
    self.mode = mode
    self.layers = layers
    self.heads = heads
    self.spare = spare
    self.eps = eps
    return 0

  # Word, position and token type embeddings; only token type 0 is used, so it is kept inside the positions. Returns
  # nothing of use.
  def add_embeddings(self: __torch__.Program, word: Tensor, position: Tensor, types: Tensor, gain: Tensor, bias: Tensor) -> int:
    self.table = [torch.clone(word), torch.clone(position), torch.clone(types)]
    self.gains = [torch.clone(gain)]
    self.biases = [torch.clone(bias)]
    return 0

  def pack(self: __torch__.Program, weight: Tensor) -> Tensor:
    held = torch.contiguous(weight)
    if self.mode == 0:
      held = ops.mkldnn._reorder_linear_weight(held, None)
    return held

  # Matrices come as f32 [in, out] and are held as [out, in], in bf16 where low is 1.
  def add_layer(self: __torch__.Program, matrices: List[Tensor], vectors: List[Tensor], low: int) -> int:
    m = matrices
    v = vectors
    if low == 1:
      m = annotate(List[Tensor], [])
      for i in range(6):
        m = m + [torch.to(matrices[i], 15)]
      v = annotate(List[Tensor], [])
      for i in range(6):
        v = v + [torch.to(vectors[i], 15)]
      v = v + torch.slice(vectors, 6)
    qkv = torch.cat([torch.t(m[0]), torch.t(m[1]), torch.t(m[2])])
    self.qkv = self.qkv + [self.pack(qkv)]
    self.qkv_bias = self.qkv_bias + [torch.cat([v[0], v[1], v[2]])]
    self.out = self.out + [self.pack(torch.t(m[3]))]
    self.out_bias = self.out_bias + [torch.clone(v[3])]
    self.up = self.up + [self.pack(torch.t(m[4]))]
    self.up_bias = self.up_bias + [torch.clone(v[4])]
    self.down = self.down + [self.pack(torch.t(m[5]))]
    self.down_bias = self.down_bias + [torch.clone(v[5])]
    self.gains = self.gains + [torch.clone(v[6]), torch.clone(v[8])]
    self.biases = self.biases + [torch.clone(v[7]), torch.clone(v[9])]
    return 0

  def dense(self: __torch__.Program, weight: Tensor) -> Tensor:
    return torch.contiguous(torch.to(torch.t(self.plain_held(weight)), 6))

  # The tensor at a place of the canonical order, as it is held, in f32: three embeddings, then the gain and bias of
  # each norm, then per layer query, key and value in one [D, 3 D], its bias, attention output, bias, up, its bias, down,
  # its bias. Past the end: an empty tensor.
  def held(self: __torch__.Program, place: int) -> Tensor:
    norms = 1 + 2 * self.layers
    per = 8
    result = torch.zeros([0])
    if place < 3:
      result = self.table[place]
    elif place < 3 + 2 * norms:
      at = (place - 3) // 2
      if (place - 3) % 2 == 0:
        result = self.gains[at]
      else:
        result = self.biases[at]
    elif place < 3 + 2 * norms + per * self.layers:
      layer = (place - 3 - 2 * norms) // per
      part = (place - 3 - 2 * norms) % per
      if part == 0:
        result = self.dense(self.qkv[layer])
      elif part == 1:
        result = self.qkv_bias[layer]
      elif part == 2:
        result = self.dense(self.out[layer])
      elif part == 3:
        result = self.out_bias[layer]
      elif part == 4:
        result = self.dense(self.up[layer])
      elif part == 5:
        result = self.up_bias[layer]
      elif part == 6:
        result = self.dense(self.down[layer])
      else:
        result = self.down_bias[layer]
    return torch.contiguous(torch.to(result, 6))

  # x W^T + b, f32 in; out in the weights' type.
  def plain(self: __torch__.Program, x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
    rows = torch.size(x, 0)
    typed = torch.to(x, weight.dtype)
    if rows < self.spare:
      filled = torch.cat([typed, torch.new_zeros(typed, [self.spare - rows, torch.size(x, 1)])])
      y = torch.slice(torch.linear(filled, weight, bias), 0, 0, rows)
    else:
      y = torch.linear(typed, weight, bias)
    return y

  # x W^T + b, f32 in and out.
  def product(self: __torch__.Program, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    if self.mode == 0:
      none = annotate(List[Optional[number]], [])
      y = ops.mkldnn._linear_pointwise(x, weight, bias, "none", none, "")
    else:
      y = torch.to(self.plain(x, weight, bias), 6)
    return y

  # sum + x W^T + b.
  def add_product(self: __torch__.Program, sum: Tensor, x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
    if self.mode == 0:
      y = ops.mkldnn._linear_pointwise(x, sum, weight, bias, "add")
    else:
      y = sum + torch.to(self.plain(x, weight, bias), 6)
    return y

  # sum + x W^T + b where x has the feed-forward width.
  def add_wide_product(self: __torch__.Program, sum: Tensor, x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
    pieces = (torch.size(x, 0) + 79) // 80
    if self.mode == 0 and pieces > 1:
      sums = torch.chunk(sum, pieces)
      rows = torch.chunk(x, pieces)
      done = annotate(List[Tensor], [])
      for k in range(len(rows)):
        done = done + [self.add_product(sums[k], rows[k], weight, bias)]
      y = torch.cat(done)
    else:
      y = self.add_product(sum, x, weight, bias)
    return y

  # Rows of the word table, [N, D].
  def words(self: __torch__.Program, tokens: Tensor) -> Tensor:
    return torch.index_select(self.table[0], 0, tokens)

  # Embedded rows before the input norm, [N, D]. tokens [N] picks words; where there are given rows they replace the
  # words at the places [G].
  def embed(self: __torch__.Program, tokens: Tensor, positions: Tensor, given: Tensor, places: Tensor) -> Tensor:
    rows = torch.size(given, 0)
    if rows == torch.size(positions, 0):
      x = given
    else:
      x = torch.index_select(self.table[0], 0, tokens)
      if rows > 0:
        x = torch.index_copy(x, 0, places, given)
    x = x + torch.index_select(self.table[1], 0, positions)
    return x + self.table[2][0]

  # Norm number n with its own gain and bias (slots is empty) or each sequence with its slot's.
  def norm(self: __torch__.Program, x: Tensor, n: int, groups: List[int], gains: Tensor, biases: Tensor, slots: Tensor) -> Tensor:
    width = [torch.size(x, 1)]
    if torch.size(slots, 0) == 0:
      y = torch.layer_norm(x, width, self.gains[n], self.biases[n], self.eps)
    else:
      y = self.scale(torch.layer_norm(x, width, None, None, self.eps), n, groups, gains, biases, slots)
    return y

  # Rows [N, D] times their sequence's gains of norm n, plus its biases where there are any, else in place; both [norms, S, D];
  # slots [B] has the slot of each place.
  def scale(self: __torch__.Program, x: Tensor, n: int, groups: List[int], gains: Tensor, biases: Optional[Tensor], slots: Tensor) -> Tensor:
    y = x
    width = torch.size(x, 1)
    gain = torch.unsqueeze(torch.index_select(gains[n], 0, slots), 1)
    bias = gain
    if biases is not None:
      y = torch.empty_like(x)
      bias = torch.unsqueeze(torch.index_select(biases[n], 0, slots), 1)
    place = 0
    start = 0
    for k in range(len(groups) // 2):
      last = place + groups[2 * k]
      end = start + groups[2 * k] * groups[2 * k + 1]
      shape = [groups[2 * k], groups[2 * k + 1], width]
      to = torch.reshape(torch.slice(y, 0, start, end), shape)
      rows = torch.reshape(torch.slice(x, 0, start, end), shape)
      by = torch.slice(gain, 0, place, last)
      if biases is None:
        done = torch.mul(rows, by, out=to)
      else:
        done = torch.addcmul(torch.slice(bias, 0, place, last), rows, by, value=1, out=to)
      place = last
      start = end
    return y

  # Softmax attention inside each sequence: [N, 3 D] to [N, D].
  def attend(self: __torch__.Program, qkv: Tensor, groups: List[int]) -> Tensor:
    results = annotate(List[Tensor], [])
    start = 0
    for g in range(len(groups) // 2):
      count = groups[2 * g]
      length = groups[2 * g + 1]
      if self.by_weights(length):
        own = self.heads_of(qkv, start, count, length)
        result = self.rows_of(torch.bmm(self.weights_of(own[0], own[1]), own[2]), count)
      else:
        split = self.split(qkv, start, count, length)
        mixed = torch.scaled_dot_product_attention(split[0], split[1], split[2])
        result = torch.reshape(torch.transpose(mixed, 1, 2), [count * length, -1])
      start = start + count * length
      results = results + [result]
    return self.joined(results)

  # Hidden states [N, D].
  def forward(self: __torch__.Program, tokens: Tensor, positions: Tensor, given: Tensor, places: Tensor, groups: List[int], gains: Tensor, biases: Tensor, slots: Tensor) -> Tensor:
    x = self.enter(tokens, positions, given, places, groups, gains, biases, slots)
    for l in range(self.layers):
      x = self.layer(x, l, groups, gains, biases, slots)
    return x

  # What the first layer reads, [N, D].
  def enter(self: __torch__.Program, tokens: Tensor, positions: Tensor, given: Tensor, places: Tensor, groups: List[int], gains: Tensor, biases: Tensor, slots: Tensor) -> Tensor:
    return self.norm(self.embed(tokens, positions, given, places), 0, groups, gains, biases, slots)

  # What layer l makes of rows [N, D].
  def layer(self: __torch__.Program, x: Tensor, l: int, groups: List[int], gains: Tensor, biases: Tensor, slots: Tensor) -> Tensor:
    if self.mode == 0:
      qkv = self.product(x, self.qkv[l], self.qkv_bias[l])
    else:
      qkv = self.plain(x, self.qkv[l], self.qkv_bias[l])
    y = self.add_product(x, self.attend(qkv, groups), self.out[l], self.out_bias[l])
    x = self.norm(y, 2 * l + 1, groups, gains, biases, slots)
    if self.mode == 0:
      u = self.product(x, self.up[l], self.up_bias[l])
    else:
      u = self.plain(x, self.up[l], self.up_bias[l])
    y = self.add_wide_product(x, torch.gelu_(u), self.down[l], self.down_bias[l])
    return self.norm(y, 2 * l + 2, groups, gains, biases, slots)

  # A pass over given rows with norms by slot, with what the way back needs. Here and after each layer: the rows so far;
  # of the input norm its normalised rows and 1 / deviation; then of each layer what attend_traced tells, both of the
  # attention's norm, the feed-forward part before its GELU, both of the output's norm.
  def trace_input(self: __torch__.Program, positions: Tensor, given: Tensor, groups: List[int], gains: Tensor, biases: Tensor, slots: Tensor) -> List[Tensor]:
    x = given + torch.index_select(self.table[1], 0, positions)
    normalised = self.normalise(x + self.table[2][0])
    return [self.scale(normalised[0], 0, groups, gains, biases, slots)] + normalised

  def trace_layer(self: __torch__.Program, saved: List[Tensor], l: int, groups: List[int], gains: Tensor, biases: Tensor, slots: Tensor) -> List[Tensor]:
    x = saved[0]
    qkv = self.product(x, self.qkv[l], self.qkv_bias[l])
    mixed, read, kept = self.attend_traced(qkv, groups)
    y = self.add_product(x, mixed, self.out[l], self.out_bias[l])
    first = self.normalise(y)
    x = self.scale(first[0], 2 * l + 1, groups, gains, biases, slots)
    u = self.product(x, self.up[l], self.up_bias[l])
    y = self.add_wide_product(x, torch.gelu(u), self.down[l], self.down_bias[l])
    second = self.normalise(y)
    x = self.scale(second[0], 2 * l + 2, groups, gains, biases, slots)
    return [x] + torch.slice(saved, 1) + [mixed, read, kept] + first + [u] + second

  # Hidden states, and the rest as the layers leave it.
  def trace(self: __torch__.Program, positions: Tensor, given: Tensor, groups: List[int], gains: Tensor, biases: Tensor, slots: Tensor) -> List[Tensor]:
    saved = self.trace_input(positions, given, groups, gains, biases, slots)
    for l in range(self.layers):
      saved = self.trace_layer(saved, l, groups, gains, biases, slots)
    return saved

  def traced_hidden(self: __torch__.Program, saved: List[Tensor]) -> Tensor:
    return saved[0]

  def normalise(self: __torch__.Program, x: Tensor) -> List[Tensor]:
    normalised, mean, inverse = torch.native_layer_norm(x, [torch.size(x, 1)], None, None, self.eps)
    return [normalised, inverse]

  # Transposed matrices for the way back, made once, when first needed.
  def prepare_gradients(self: __torch__.Program) -> int:
    for l in range(self.layers):
      parts = torch.chunk(self.plain_held(self.qkv[l]), 3)
      for part in range(3):
        self.qkv_back = self.qkv_back + [self.pack_back(parts[part])]
      self.out_back = self.out_back + [self.pack_back(self.plain_held(self.out[l]))]
      self.up_back = self.up_back + [self.pack_back(self.plain_held(self.up[l]))]
      self.down_back = self.down_back + [self.pack_back(self.plain_held(self.down[l]))]
    return 0

  # A packed matrix, [out, in].
  def plain_held(self: __torch__.Program, weight: Tensor) -> Tensor:
    held = weight
    if self.mode == 0:
      held = torch.to_dense(weight)
    return held

  # In mode 1 a view: nothing is held twice.
  def pack_back(self: __torch__.Program, weight: Tensor) -> Tensor:
    held = torch.t(weight)
    if self.mode == 0:
      held = self.pack(held)
    return held

  # The way back through layer l. state begins with the gradient by its output, which is written over; then, from the last
  # norm to the first, come sums over each sequence [B, D] for gains and biases, in turn.
  def back_layer(self: __torch__.Program, saved: List[Tensor], state: List[Tensor], l: int, groups: List[int], gains: Tensor, slots: Tensor) -> List[Tensor]:
    at = 3 + 8 * l
    g = state[0]
    second = [self.by_sequence(g * saved[at + 6], groups), self.by_sequence(g, groups)]
    g = self.back_through_norm(self.scale(g, 2 * l + 2, groups, gains, None, slots), saved[at + 6], saved[at + 7])
    h = self.product_back(g, self.down_back[l])
    h = torch.gelu_backward(h, saved[at + 5], grad_input=h)
    g = self.add_wide_product(g, h, self.up_back[l], None)
    first = [self.by_sequence(g * saved[at + 3], groups), self.by_sequence(g, groups)]
    g = self.back_through_norm(self.scale(g, 2 * l + 1, groups, gains, None, slots), saved[at + 3], saved[at + 4])
    by_mixed = self.product_back(g, self.out_back[l])
    parts = self.attend_back(saved[at], saved[at + 1], saved[at + 2], by_mixed, groups)
    for part in range(3):
      g = self.add_product(g, parts[part], self.qkv_back[3 * l + part], None)
    return [g] + torch.slice(state, 1) + second + first

  # The way back through the input norm, once the layers are done: gradients by the given rows [N, D], the gains and the
  # biases [S, norms, D].
  def back_input(self: __torch__.Program, saved: List[Tensor], state: List[Tensor], groups: List[int], gains: Tensor, slots: Tensor) -> List[Tensor]:
    g = state[0]
    sums = torch.slice(state, 1) + [self.by_sequence(g * saved[1], groups), self.by_sequence(g, groups)]
    g = self.back_through_norm(self.scale(g, 0, groups, gains, None, slots), saved[1], saved[2])
    return [g, self.by_slot(torch.slice(sums, 0, None, 2), gains, slots), self.by_slot(torch.slice(sums, 1, None, 2), gains, slots)]

  # The whole way back from the gradient by the hidden states [N, D].
  def gradients(self: __torch__.Program, saved: List[Tensor], gradient: Tensor, groups: List[int], gains: Tensor, slots: Tensor) -> List[Tensor]:
    state = [torch.clone(gradient)]
    for back in range(self.layers):
      state = self.back_layer(saved, state, self.layers - 1 - back, groups, gains, slots)
    return self.back_input(saved, state, groups, gains, slots)

  def product_back(self: __torch__.Program, x: Tensor, weight: Tensor) -> Tensor:
    if self.mode == 0:
      none = annotate(List[Optional[number]], [])
      y = ops.mkldnn._linear_pointwise(x, weight, None, "none", none, "")
    else:
      y = torch.to(self.plain(x, weight, None), 6)
    return y

  # The fused backward of a norm without gain takes rows that it normalises itself; those it gets have mean 0 and deviation 1.
  def back_through_norm(self: __torch__.Program, g: Tensor, normalised: Tensor, inverse: Tensor) -> Tensor:
    none = torch.zeros_like(inverse)
    one = torch.ones_like(inverse)
    x, gain, bias = torch.native_layer_norm_backward(g, normalised, [torch.size(g, 1)], none, one, None, None, [True, False, False])
    return torch.mul_(x, inverse)

  # Sums over the tokens of each sequence: [N, D] to [B, D].
  def by_sequence(self: __torch__.Program, x: Tensor, groups: List[int]) -> Tensor:
    sums = annotate(List[Tensor], [])
    start = 0
    for k in range(len(groups) // 2):
      count = groups[2 * k]
      length = groups[2 * k + 1]
      part = torch.slice(x, 0, start, start + count * length)
      start = start + count * length
      sums = sums + [torch.sum(torch.reshape(part, [count, length, -1]), [1])]
    return torch.cat(sums)

  # Sums over the sequences of each slot; the list runs from the last norm to the first.
  def by_slot(self: __torch__.Program, by_norm: List[Tensor], gains: Tensor, slots: Tensor) -> Tensor:
    stacked = torch.flip(torch.stack(by_norm, 1), [1])
    sums = torch.zeros([torch.size(gains, 1), torch.size(gains, 0), torch.size(gains, 2)])
    sums = torch.to(sums, stacked)
    return torch.index_add(sums, 0, slots, stacked)

  # [count heads, T, depth] to [count T, D].
  def rows_of(self: __torch__.Program, x: Tensor, count: int) -> Tensor:
    length = torch.size(x, 1)
    depth = torch.size(x, 2)
    split = torch.reshape(x, [count, self.heads, length, depth])
    return torch.reshape(torch.transpose(split, 1, 2), [count * length, self.heads * depth])

  # Queries, keys and values of a group of sequences of one length, [3, count, heads, T, depth].
  def split(self: __torch__.Program, qkv: Tensor, start: int, count: int, length: int) -> Tensor:
    part = torch.slice(qkv, 0, start, start + count * length)
    part = torch.reshape(part, [count, length, 3, self.heads, torch.size(qkv, 1) // 3 // self.heads])
    return torch.permute(part, [2, 0, 3, 1, 4])

  # The parts as one; each is kept as it is where there is one only.
  def joined(self: __torch__.Program, parts: List[Tensor]) -> Tensor:
    if len(parts) == 1:
      all = parts[0]
    else:
      all = torch.cat(parts)
    return all

  # Whether attention is batched products and its weights are held, which is faster where sequences are short; of long
  # ones they would be too many.
  def by_weights(self: __torch__.Program, length: int) -> bool:
    return self.mode == 0 and length <= 128

  # Queries, keys and values of a group, [3, count heads, T, depth]. They lie alike for one sequence and for many: MKL sums
  # differently for other strides.
  def heads_of(self: __torch__.Program, qkv: Tensor, start: int, count: int, length: int) -> Tensor:
    split = torch.contiguous(self.split(qkv, start, count, length))
    return torch.reshape(split, [3, count * self.heads, length, -1])

  # x y times a factor, matrix by matrix.
  def batched(self: __torch__.Program, x: Tensor, y: Tensor, factor: float) -> Tensor:
    return torch.baddbmm(torch.new_zeros(x, [1]), x, y, beta=0, alpha=factor)

  # Attention's weights, [count heads, T, T].
  def weights_of(self: __torch__.Program, query: Tensor, key: Tensor) -> Tensor:
    factor = 1.0 / torch.sqrt(torch.size(query, 2))
    return torch.softmax(self.batched(query, torch.transpose(key, 1, 2), factor), -1)

  # Attention with what its way back needs: rows [N, D]; in mode 0 further what each group read, as heads_of gives it, and
  # its weights, in turn; of a group without weights its rows as they came and the logarithms of its sums.
  def attend_traced(self: __torch__.Program, qkv: Tensor, groups: List[int]) -> Tuple[Tensor, Tensor, Tensor]:
    if self.mode == 0:
      results = annotate(List[Tensor], [])
      read = annotate(List[Tensor], [])
      kept = annotate(List[Tensor], [])
      start = 0
      for k in range(len(groups) // 2):
        count = groups[2 * k]
        length = groups[2 * k + 1]
        end = start + count * length
        if self.by_weights(length):
          own = self.heads_of(qkv, start, count, length)
          keep = self.weights_of(own[0], own[1])
          result = self.rows_of(torch.bmm(keep, own[2]), count)
        else:
          own = torch.slice(qkv, 0, start, end)
          split = self.split(qkv, start, count, length)
          mixed, keep = torch._scaled_dot_product_flash_attention_for_cpu(split[0], split[1], split[2], 0., False)
          keep = torch.transpose(keep, 1, 2)
          result = torch.reshape(torch.transpose(mixed, 1, 2), [count * length, -1])
        start = end
        results = results + [result]
        read = read + [torch.reshape(own, [-1])]
        kept = kept + [torch.reshape(keep, [-1])]
      all = (self.joined(results), self.joined(read), self.joined(kept))
    else:
      all = (self.attend(qkv, groups), qkv, torch.zeros([0]))
    return all

  # The way back through attention; gradients by queries, keys and values, [N, D] each. In mode 1 the weights are computed
  # again.
  def attend_back(self: __torch__.Program, mixed: Tensor, read: Tensor, kept: Tensor, gradient: Tensor, groups: List[int]) -> List[Tensor]:
    by_query = annotate(List[Tensor], [])
    by_key = annotate(List[Tensor], [])
    by_value = annotate(List[Tensor], [])
    width = torch.size(gradient, 1)
    depth = width // self.heads
    start = 0
    last = 0
    for k in range(len(groups) // 2):
      count = groups[2 * k]
      length = groups[2 * k + 1]
      end = start + count * length
      shape = [count, length, self.heads, depth]
      g = torch.transpose(torch.reshape(torch.slice(gradient, 0, start, end), shape), 1, 2)
      if self.mode == 0:
        own = torch.slice(read, 0, 3 * width * start, 3 * width * end)
      else:
        own = read
      if self.mode == 0 and not self.by_weights(length):
        first = last
        last = first + count * length * self.heads
        split = self.split(torch.reshape(own, [count * length, 3 * width]), 0, count, length)
        out = torch.transpose(torch.reshape(torch.slice(mixed, 0, start, end), shape), 1, 2)
        sums = torch.transpose(torch.reshape(torch.slice(kept, 0, first, last), [count, length, self.heads]), 1, 2)
        q, k_, v = torch._scaled_dot_product_flash_attention_for_cpu_backward(g, split[0], split[1], split[2], out, sums, 0., False)
        rows = [count * length, width]
        parts = [torch.reshape(torch.transpose(q, 1, 2), rows), torch.reshape(torch.transpose(k_, 1, 2), rows), torch.reshape(torch.transpose(v, 1, 2), rows)]
      else:
        batch = count * self.heads
        if self.mode == 0:
          first = last
          last = first + batch * length * length
          own = torch.reshape(own, [3, batch, length, depth])
          weights = torch.reshape(torch.slice(kept, 0, first, last), [batch, length, length])
        else:
          own = self.heads_of(read, start, count, length)
          weights = self.weights_of(own[0], own[1])
        parts = self.back_through_weights(own, weights, torch.reshape(torch.contiguous(g), [batch, length, depth]), count)
      start = end
      by_query = by_query + [parts[0]]
      by_key = by_key + [parts[1]]
      by_value = by_value + [parts[2]]
    return [self.joined(by_query), self.joined(by_key), self.joined(by_value)]

  # The gradients by queries, keys and values of a group, [count T, D] each, from that by what attention mixed,
  # [count heads, T, depth].
  def back_through_weights(self: __torch__.Program, own: Tensor, weights: Tensor, g: Tensor, count: int) -> List[Tensor]:
    factor = 1.0 / torch.sqrt(torch.size(g, 2))
    score = torch.bmm(g, torch.transpose(own[2], 1, 2))
    score = torch._softmax_backward_data(score, weights, -1, 6)
    by_query = self.batched(score, own[1], factor)
    by_key = self.batched(torch.transpose(score, 1, 2), own[0], factor)
    by_value = torch.bmm(torch.transpose(weights, 1, 2), g)
    return [self.rows_of(by_query, count), self.rows_of(by_key, count), self.rows_of(by_value, count)]

  # The place of each row in its sequence, [N], for sequences of these lengths one after the other; on the device of like.
  def places_of(self: __torch__.Program, lengths: List[int], like: Tensor) -> Tensor:
    places = annotate(List[Tensor], [])
    for i in range(len(lengths)):
      ones = torch.to(torch.new_zeros(like, [lengths[i]]), 4) + 1
      places = places + [torch.cumsum(ones, 0) - 1]
    return torch.cat(places)

  # A count and a length for each run of equal lengths.
  def groups_of(self: __torch__.Program, lengths: List[int]) -> List[int]:
    groups = annotate(List[int], [])
    start = 0
    for i in range(len(lengths)):
      last = True
      if i + 1 < len(lengths):
        last = lengths[i + 1] != lengths[i]
      if last:
        groups = groups + [i + 1 - start, lengths[i]]
        start = i + 1
    return groups

  # Hidden states [N, D] of token ids [N]: sequences of these lengths one after the other, in any order.
  def encode(self: __torch__.Program, tokens: Tensor, lengths: List[int]) -> Tensor:
    none = torch.new_zeros(self.table[0], [0])
    return self.encode_rows(self.words(tokens), lengths, none, none)

  # The same for rows [N, D] in place of words; with gains and biases [norms, 1, D] in place of the norms' own, or empty.
  def encode_rows(self: __torch__.Program, given: Tensor, lengths: List[int], gains: Tensor, biases: Tensor) -> Tensor:
    places = self.places_of(lengths, given)
    none = torch.slice(places, 0, 0, 0)
    if torch.numel(gains) == 0:
      slots = none
    else:
      slots = torch.slice(torch.zeros_like(places), 0, 0, len(lengths))
    return self.forward(none, places, given, none, self.groups_of(lengths), gains, biases, slots)
