from blocks import matmul

class Pair(NamedTuple):
  first : Tensor

def twice(x: Tensor) -> Pair:
  return Pair(x)

class Linked(Module):
  pairs : List[Pair]

  def twice(self, x: Tensor) -> Pair:
    x.matmul = twice(matmul.pack(x, 1))
    return self.twice(x)
