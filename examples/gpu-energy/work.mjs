// Stands for your training or inference: put the command that you want to measure in its place.
await new Promise((resolve) => setTimeout(resolve, 1500))
