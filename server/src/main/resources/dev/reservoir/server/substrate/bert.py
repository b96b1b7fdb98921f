# The frozen BERT encoder, run by libtorch. Devlin et al. 2019, arXiv 1810.04805: post-norm blocks, exact GELU.
#
# Letters: N tokens of all sequences, D width, S norm slots, G given rows.
# A batch is packed: [N, D], sequences sorted by length; groups holds a count and a length for each run of equal
# lengths. Every frozen product sees all N rows; attention runs a group at a time. No padding row exists.
#
# mode 0: f32 on processors, by oneDNN with packed weights. A row's result must not depend on how many rows there are.
#         That holds of its linear product where the inner width is D, but not where it is the feed-forward one: there
#         it cuts the inner sum by the number of rows. A 1 x 1 convolution is the same product, with rows for pixels,
#         and adds up in one order; so the products of that inner width are convolutions.
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

  # A matrix [out, in] whose inner width is the feed-forward one, for add_wide_product. oneDNN is told a picture's size to
  # choose the layout by; the product takes any size.
  def pack_wide(self: __torch__.Program, weight: Tensor) -> Tensor:
    held = weight
    if self.mode == 0:
      size = [1, torch.size(held, 1), 16, 1]
      held = torch.reshape(torch.contiguous(held), [torch.size(held, 0), torch.size(held, 1), 1, 1])
      held = ops.mkldnn._reorder_convolution_weight(held, [0, 0], [1, 1], [1, 1], 1, size)
    return held

  # Contiguous rows [N, C] seen as a picture [1, C, N, 1], channels last.
  def picture(self: __torch__.Program, x: Tensor) -> Tensor:
    rows = torch.size(x, 0)
    width = torch.size(x, 1)
    return torch.as_strided(x, [1, width, rows, 1], [rows * width, 1, width, width])

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
    self.down = self.down + [self.pack_wide(torch.contiguous(torch.t(m[5])))]
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

  # sum + b + x W^T where x has the feed-forward width. In mode 0 sum is overwritten with it.
  def add_wide_product(self: __torch__.Program, sum: Tensor, x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
    if self.mode == 0:
      y = sum
      none = annotate(List[Optional[number]], [])
      added = ops.mkldnn._convolution_pointwise_(self.picture(y), self.picture(x), weight, bias, [0, 0], [1, 1], [1, 1], 1, "add", 1, None, none, None)
    else:
      y = sum + torch.to(self.plain(x, weight, bias), 6)
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

  # Norm number n with its own gain and bias (rows is empty) or each row with its slot's.
  def norm(self: __torch__.Program, x: Tensor, n: int, gains: Tensor, biases: Tensor, rows: Tensor) -> Tensor:
    width = [torch.size(x, 1)]
    if torch.size(rows, 0) == 0:
      y = torch.layer_norm(x, width, self.gains[n], self.biases[n], self.eps)
    else:
      y = torch.layer_norm(x, width, None, None, self.eps)
      gain = torch.index_select(gains[n], 0, rows)
      y = torch.addcmul(torch.index_select(biases[n], 0, rows), y, gain)
    return y

  # Softmax attention inside each sequence: [N, 3 D] to [N, D].
  def attend(self: __torch__.Program, qkv: Tensor, groups: List[int]) -> Tensor:
    results = annotate(List[Tensor], [])
    width = torch.size(qkv, 1) // 3
    start = 0
    for g in range(len(groups) // 2):
      count = groups[2 * g]
      length = groups[2 * g + 1]
      part = torch.slice(qkv, 0, start, start + count * length)
      start = start + count * length
      split = torch.reshape(part, [count, length, 3, self.heads, width // self.heads])
      split = torch.permute(split, [2, 0, 3, 1, 4])
      mixed = torch.scaled_dot_product_attention(split[0], split[1], split[2])
      results = results + [torch.reshape(torch.transpose(mixed, 1, 2), [count * length, width])]
    if len(results) == 1:
      all = results[0]
    else:
      all = torch.cat(results)
    return all

  # Hidden states [N, D].
  def forward(self: __torch__.Program, tokens: Tensor, positions: Tensor, given: Tensor, places: Tensor, groups: List[int], gains: Tensor, biases: Tensor, rows: Tensor) -> Tensor:
    x = self.norm(self.embed(tokens, positions, given, places), 0, gains, biases, rows)
    for l in range(self.layers):
      if self.mode == 0:
        qkv = self.product(x, self.qkv[l], self.qkv_bias[l])
      else:
        qkv = self.plain(x, self.qkv[l], self.qkv_bias[l])
      y = self.add_product(x, self.attend(qkv, groups), self.out[l], self.out_bias[l])
      x = self.norm(y, 2 * l + 1, gains, biases, rows)
      if self.mode == 0:
        u = self.product(x, self.up[l], self.up_bias[l])
      else:
        u = self.plain(x, self.up[l], self.up_bias[l])
      y = self.add_wide_product(x, torch.gelu_(u), self.down[l], self.down_bias[l])
      x = self.norm(y, 2 * l + 2, gains, biases, rows)
    return x

  # The same for given rows and norms by slot, with what the way back needs: hidden states, then normalised rows and
  # 1 / deviation of the input norm, then per layer queries, keys and values, both of the attention's norm,
  # the feed-forward part before its GELU, both of the output's norm.
  def trace(self: __torch__.Program, positions: Tensor, given: Tensor, groups: List[int], gains: Tensor, biases: Tensor, rows: Tensor) -> List[Tensor]:
    x = given + torch.index_select(self.table[1], 0, positions)
    x = x + self.table[2][0]
    saved = self.normalise(x)
    x = self.scale(saved[0], 0, gains, biases, rows)
    for l in range(self.layers):
      qkv = self.product(x, self.qkv[l], self.qkv_bias[l])
      y = self.add_product(x, self.attend(qkv, groups), self.out[l], self.out_bias[l])
      normalised = self.normalise(y)
      x = self.scale(normalised[0], 2 * l + 1, gains, biases, rows)
      u = self.product(x, self.up[l], self.up_bias[l])
      saved = saved + [qkv] + normalised + [u]
      y = self.add_wide_product(x, torch.gelu(u), self.down[l], self.down_bias[l])
      normalised = self.normalise(y)
      x = self.scale(normalised[0], 2 * l + 2, gains, biases, rows)
      saved = saved + normalised
    return [x] + saved

  def traced_hidden(self: __torch__.Program, saved: List[Tensor]) -> Tensor:
    return saved[0]

  def normalise(self: __torch__.Program, x: Tensor) -> List[Tensor]:
    normalised, mean, inverse = torch.native_layer_norm(x, [torch.size(x, 1)], None, None, self.eps)
    return [normalised, inverse]

  def scale(self: __torch__.Program, normalised: Tensor, n: int, gains: Tensor, biases: Tensor, rows: Tensor) -> Tensor:
    return torch.addcmul(self.of_rows(biases[n], rows), normalised, self.of_rows(gains[n], rows))

  # Each row's slot of [S, D]; of one slot the row itself, which is broadcast.
  def of_rows(self: __torch__.Program, x: Tensor, rows: Tensor) -> Tensor:
    if torch.size(x, 0) > 1:
      x = torch.index_select(x, 0, rows)
    return x

  # Transposed matrices for the way back, made once, when first needed.
  def prepare_gradients(self: __torch__.Program) -> int:
    for l in range(self.layers):
      parts = torch.chunk(self.plain_held(self.qkv[l]), 3)
      for part in range(3):
        self.qkv_back = self.qkv_back + [self.pack_back(parts[part])]
      self.out_back = self.out_back + [self.pack_back(self.plain_held(self.out[l]))]
      self.up_back = self.up_back + [self.pack_wide(torch.t(self.plain_held(self.up[l])))]
      self.down_back = self.down_back + [self.pack_back(self.plain_held(self.down[l]))]
    return 0

  # A packed matrix, [out, in].
  def plain_held(self: __torch__.Program, weight: Tensor) -> Tensor:
    held = weight
    if self.mode == 0:
      held = torch.to_dense(weight)
      held = torch.reshape(held, [torch.size(held, 0), torch.size(held, 1)])
    return held

  # In mode 1 a view: nothing is held twice.
  def pack_back(self: __torch__.Program, weight: Tensor) -> Tensor:
    held = torch.t(weight)
    if self.mode == 0:
      held = self.pack(held)
    return held

  # Gradients by the given rows [N, D], the gains and the biases [S, norms, D]. slots [B] has a slot for each place.
  def gradients(self: __torch__.Program, saved: List[Tensor], gradient: Tensor, groups: List[int], gains: Tensor, rows: Tensor, slots: Tensor) -> List[Tensor]:
    per = 6
    by_gain = annotate(List[Tensor], [])
    by_bias = annotate(List[Tensor], [])
    g = gradient
    for back in range(self.layers):
      l = self.layers - 1 - back
      at = 3 + l * per
      by_gain = by_gain + [self.by_sequence(g * saved[at + per - 2], groups)]
      by_bias = by_bias + [self.by_sequence(g, groups)]
      g = self.back_through_norm(g * self.of_rows(gains[2 * l + 2], rows), saved[at + per - 2], saved[at + per - 1])
      h = torch.gelu_backward(self.product_back(g, self.down_back[l]), saved[at + 3])
      g = self.add_wide_product(g, h, self.up_back[l], None)
      by_gain = by_gain + [self.by_sequence(g * saved[at + 1], groups)]
      by_bias = by_bias + [self.by_sequence(g, groups)]
      g = self.back_through_norm(g * self.of_rows(gains[2 * l + 1], rows), saved[at + 1], saved[at + 2])
      parts = self.attend_back(saved[at], self.product_back(g, self.out_back[l]), groups)
      for part in range(3):
        g = self.add_product(g, parts[part], self.qkv_back[3 * l + part], None)
    by_gain = by_gain + [self.by_sequence(g * saved[1], groups)]
    by_bias = by_bias + [self.by_sequence(g, groups)]
    g = self.back_through_norm(g * self.of_rows(gains[0], rows), saved[1], saved[2])
    return [g, self.by_slot(by_gain, gains, slots), self.by_slot(by_bias, gains, slots)]

  def product_back(self: __torch__.Program, x: Tensor, weight: Tensor) -> Tensor:
    if self.mode == 0:
      none = annotate(List[Optional[number]], [])
      y = ops.mkldnn._linear_pointwise(x, weight, None, "none", none, "")
    else:
      y = torch.to(self.plain(x, weight, None), 6)
    return y

  def back_through_norm(self: __torch__.Program, g: Tensor, normalised: Tensor, inverse: Tensor) -> Tensor:
    mean = torch.mean(g, [1], True)
    slope = torch.mean(g * normalised, [1], True)
    x = torch.addcmul(g, normalised, slope, value=-1)
    return torch.mul_(torch.sub_(x, mean), inverse)

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

  # The way back through attention; its weights are computed again from queries and keys. Operands of the batched
  # products lie alike for one sequence and for many: MKL sums differently for other strides.
  def attend_back(self: __torch__.Program, qkv: Tensor, gradient: Tensor, groups: List[int]) -> List[Tensor]:
    by_query = annotate(List[Tensor], [])
    by_key = annotate(List[Tensor], [])
    by_value = annotate(List[Tensor], [])
    width = torch.size(gradient, 1)
    depth = width // self.heads
    factor = 1.0 / torch.sqrt(depth)
    start = 0
    for k in range(len(groups) // 2):
      count = groups[2 * k]
      length = groups[2 * k + 1]
      end = start + count * length
      batch = [count * self.heads, length, depth]
      split = torch.reshape(torch.slice(qkv, 0, start, end), [count, length, 3, self.heads, depth])
      split = torch.contiguous(torch.permute(split, [2, 0, 3, 1, 4]))
      query = torch.reshape(split[0], batch)
      key = torch.reshape(split[1], batch)
      value = torch.reshape(split[2], batch)
      g = torch.reshape(torch.slice(gradient, 0, start, end), [count, length, self.heads, depth])
      g = torch.reshape(torch.contiguous(torch.transpose(g, 1, 2)), batch)
      start = end
      weights = torch.softmax(torch.bmm(query, torch.transpose(key, 1, 2)) * factor, -1)
      score = torch.bmm(g, torch.transpose(value, 1, 2))
      score = torch._softmax_backward_data(score, weights, -1, 6) * factor
      by_query = by_query + [self.rows_of(torch.bmm(score, key), count)]
      by_key = by_key + [self.rows_of(torch.bmm(torch.transpose(score, 1, 2), query), count)]
      by_value = by_value + [self.rows_of(torch.bmm(torch.transpose(weights, 1, 2), g), count)]
    if len(by_query) == 1:
      all = [by_query[0], by_key[0], by_value[0]]
    else:
      all = [torch.cat(by_query), torch.cat(by_key), torch.cat(by_value)]
    return all

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
      rows = none
    else:
      rows = torch.zeros_like(places)
    return self.forward(none, places, given, none, self.groups_of(lengths), gains, biases, rows)
