# Products with frozen weights. Matrices are given as [in, out] and stored as [out, in].
#
# mode 0: f32 on processors, by oneDNN with weights that it packs.
# mode 1: torch.linear, f32 or bf16 as the weights are.
#
# A row's result must not depend on how many rows there are. Kernels switch by the number of rows, so products with few
# rows are padded or, if a kernel splits the inner sum by the number of rows, split into pieces.
#
# Letters: N rows. Types by their numbers: 6 is f32, 15 is bf16.

def pack(weight: Tensor, mode: int) -> Tensor:  # [out, in]
  weight = weight.contiguous()
  if mode == 0:
    weight = ops.mkldnn._reorder_linear_weight(weight, None)
  return weight

def unpack(weight: Tensor, mode: int) -> Tensor:  # [out, in]
  if mode == 0:
    return weight.to_dense()
  return weight

# The transposed matrix, for the backward pass. In mode 1 it is a view: nothing is stored twice.
def pack_transposed(weight: Tensor, mode: int) -> Tensor:  # [out, in] to [in, out]
  if mode == 0:
    return pack(weight.t(), mode)
  return weight.t()

# x W^T + b in the weights' type. With fewer than 16 rows MKL picks other kernels, so they are padded with zeros.
def linear(x: Tensor, weight: Tensor, bias: Optional[Tensor], mode: int) -> Tensor:  # [N, in] to [N, out]
  if mode == 0:
    return ops.mkldnn._linear_pointwise(x, weight, bias, "none", annotate(List[Optional[number]], []), "")
  N = x.size(0)
  x = x.to(weight.dtype)
  if N < 16:
    filled = torch.cat([x, x.new_zeros([16 - N, x.size(1)])])  # [16, in]
    return torch.linear(filled, weight, bias)[0:N]
  return torch.linear(x, weight, bias)

def linear_f32(x: Tensor, weight: Tensor, bias: Optional[Tensor], mode: int) -> Tensor:  # [N, in] to [N, out]
  return linear(x, weight, bias, mode).to(6)

# residual + x W^T + b, in f32.
def add_linear(residual: Tensor, x: Tensor, weight: Tensor, bias: Optional[Tensor], mode: int) -> Tensor:  # [N, out]
  if mode == 0:
    return ops.mkldnn._linear_pointwise(x, residual, weight, bias, "add")
  return residual + linear_f32(x, weight, bias, mode)

# The same for an inner width beyond D. oneDNN splits the inner sum in one way up to some number of rows and in another
# beyond it: 80 rows in f32; 149 in bf16 on AMX.
def add_linear_wide(residual: Tensor, x: Tensor, weight: Tensor, bias: Optional[Tensor], mode: int) -> Tensor:
  most = 80 if mode == 0 else 128
  pieces = (x.size(0) + most - 1) // most
  if pieces <= 1 or (mode != 0 and weight.dtype == 6):
    return add_linear(residual, x, weight, bias, mode)
  residuals = residual.chunk(pieces)
  rows = x.chunk(pieces)
  return torch.cat([add_linear(residuals[i], rows[i], weight, bias, mode) for i in range(len(rows))])  # [N, out]
